package check

import (
	"mpspread/groups"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// last is the event written last, to be spoiled.
func (s *script) last() *trace.Event { return &s.events[len(s.events)-1] }

// badClients are the runs of bad that are about clients and groups.
var badClients = []run{
	{"a message is missing", GRP4, func() *script {
		s := club()
		s.says(1, p, q)
		s.gets(s.says(1, p, q), 2)
		return s
	}},
	{"a message to one that is no member", GRP4, func() *script {
		s := club()
		s.open(p, 3, "#c#h1")
		s.gets(s.says(1, p, q), 3)
		return s
	}},
	{"a message to another group", GRP4, func() *script {
		s := club()
		s.gets(s.does(1, groups.ActMessage, []string{"other"}, p, q), 2)
		return s
	}},
	{"a message twice, as it is in two groups", GRP4, alone(func() *script {
		s := club()
		s.gets(s.says(1, p, q), 1, 1)
		return s
	})},
	{"a copy for a sender that wants none", GRP4, func() *script {
		s := club()
		m := s.request(1, groups.ActMessage, ring.Agreed, "g")
		m.Discard = true
		n := s.ordered(p, s.asks(1, m), p, q)
		s.deliver(p, n)
		s.gets(n, 1)
		return s
	}},
	{"a message too short for a number, with other bytes", GRP4, func() *script {
		s := club()
		m := s.request(1, groups.ActMessage, ring.Agreed, "g")
		m.Client, m.ClientCounter = 0, 0
		n := s.ordered(p, s.asks(1, m), p, q)
		s.deliver(p, n)
		s.gets(n, 1)
		s.last().Text = "#a#h1"
		s.last().Message.Digest++
		return s
	}},
	{"a message that is handed in and never delivered", GRP4, func() *script {
		s := club()
		s.gets(s.ordered(p, s.asks(1, s.request(1, groups.ActMessage, ring.Agreed, "g")), p, q), 2)
		return s
	}},
	{"another set of the same view", GRP6, func() *script {
		s := apart().form(13, p, q)
		s.exchange(p, q)
		s.sees(1, groups.CauseNetwork, 1, ab, 0, a, b)
		s.sees(2, groups.CauseNetwork, 1, ab, 0, ab)
		return s
	}},
	{"a set with one that came from elsewhere", GRP6, func() *script {
		s := apart().form(13, p, q)
		s.exchange(p, q)
		s.sees(1, groups.CauseNetwork, 1, ab, 0, ab)
		return s
	}},
	{"a member in no set", GRP6, func() *script {
		s := apart().form(13, p, q)
		s.exchange(p, q)
		s.sees(1, groups.CauseNetwork, 1, ab, 0, a)
		return s
	}},
	{"one set twice", GRP6, func() *script {
		s := apart().form(13, p, q)
		s.exchange(p, q)
		s.sees(1, groups.CauseNetwork, 1, ab, 0, a, a)
		return s
	}},
	{"another's set for one's own", GRP6, func() *script {
		s := apart().form(13, p, q)
		s.exchange(p, q)
		s.sees(1, groups.CauseNetwork, 1, ab, 1, a, b)
		return s
	}},
	{"one set for two that come from one view, with different messages", GRP6, alone(func() *script {
		s := club()
		s.gets(s.says(1, p, q), 1)
		s.form(11, p, q)
		s.sees(1, groups.CauseNetwork, 1, ab, 0, ab)
		s.sees(2, groups.CauseNetwork, 1, ab, 0, ab)
		return s
	})},
	{"two sets for those who came together", GRP6, alone(func() *script {
		s := three()
		s.exchange(p, q, r)
		s.open(p, 1, "#a#h1")
		s.open(q, 2, "#b#h2")
		s.open(r, 3, "#c#h3")
		for _, client := range []uint64{1, 2, 3} {
			s.does(client, groups.ActJoin, g, p, q, r)
		}
		s.sees(1, groups.CauseJoin, 1, a, 0, a)
		s.sees(1, groups.CauseJoin, 2, ab, 0, b)
		s.sees(1, groups.CauseJoin, 3, []string{"#a#h1", "#b#h2", "#c#h3"}, 0, []string{"#c#h3"})
		s.install(p, s.next(p, id(11, p), p, q))
		s.signaled(1, 10, 3)
		s.form(11, p, q)
		s.sees(1, groups.CauseNetwork, 1, ab, 0, a, b)
		return s
	})},
	{"members lost without a signal", GRP7, func() *script {
		s := club()
		s.form(11, p)
		s.sees(1, groups.CauseNetwork, 1, a, 0, a)
		return s
	}},
	{"a message where a signal is due", GRP7, func() *script {
		s := club()
		m := s.ordered(p, s.asks(1, s.request(1, groups.ActMessage, ring.Agreed, "g")), p)
		s.install(p, s.next(p, id(11, p), p))
		s.deliver(p, m)
		s.gets(m, 1)
		return s
	}},
	{"a signal for another view", GRP7, func() *script {
		s := club()
		s.install(p, s.next(p, id(11, p), p))
		s.signaled(1, 10, 1)
		return s
	}},
	{"a signal twice", GRP7, func() *script {
		s := parted()
		s.signaled(1, 10, 2)
		return s
	}},
	{"a signal although nobody is lost", GRP7, func() *script {
		s := club()
		s.install(p, s.next(p, id(11, p), p, q))
		s.signaled(1, 10, 2)
		return s
	}},
	{"no second signal after a late change", GRP7, func() *script {
		s := club()
		s.open(p, 5, "#d#h1")
		j := s.ordered(p, s.asks(5, s.request(5, groups.ActJoin, ring.Agreed, "g")), p)
		s.install(p, s.next(p, id(11, p), p))
		s.signaled(1, 10, 2)
		s.deliver(p, j)
		s.sees(1, groups.CauseNetwork, 3, []string{"#a#h1", "#d#h1", "#b#h2"}, 0, a, b, []string{"#d#h1"})
		s.form(11, p)
		ad := []string{"#a#h1", "#d#h1"}
		s.sees(1, groups.CauseNetwork, 1, ad, 0, ad)
		return s
	}},
	{"a message after the self-leave", GRP8, func() *script {
		s := club()
		s.does(2, groups.ActLeave, g, p, q)
		s.leaves(2)
		s.gets(s.says(1, p, q), 2)
		return s
	}},
	{"a view after the self-leave", GRP8, func() *script {
		s := club()
		s.does(2, groups.ActLeave, g, p, q)
		s.leaves(2)
		s.sees(2, groups.CauseJoin, 3, ab, 0, b)
		return s
	}},
	{"a message before the groups' state is agreed", GRP9, func() *script {
		s := apart().form(13, p, q)
		s.gets(s.says(1, p, q), 1)
		return s
	}},
	{"a message before all have told", GRP9, func() *script {
		s := apart().form(13, p, q)
		for _, from := range []ring.Process{p, q} {
			n := s.ordered(from, trace.Message{Act: groups.ActAnnounce, Service: ring.Agreed}, p, q)
			s.deliver(p, n)
		}
		s.deliver(p, s.ordered(p, trace.Message{Act: groups.ActLastPiece, Service: ring.Agreed}, p, q))
		m := s.ordered(p, s.asks(1, s.request(1, groups.ActMessage, ring.Agreed, "g")), p, q)
		s.deliver(p, m)
		s.gets(m, 1)
		return s
	}},
	{"a message of low service, to one without views, before the groups' state is agreed", GRP9, func() *script {
		s := newScript().born(p, q)
		s.open(p, 1, "#a#h1")
		s.last().First = false
		s.does(1, groups.ActJoin, g, p)
		s.form(10, p, q)
		m := s.ordered(p, s.asks(1, s.request(1, groups.ActMessage, ring.Reliable, "g")), p, q)
		s.deliver(p, m)
		s.gets(m, 1)
		return s
	}},
	{"a join that is said to be a leave", GRP10, func() *script {
		s := club()
		s.open(p, 3, "#c#h1")
		s.does(3, groups.ActJoin, g, p, q)
		s.sees(1, groups.CauseLeave, 3, []string{"#a#h1", "#c#h1", "#b#h2"}, 0, []string{"#c#h1"})
		return s
	}},
	{"a disconnect that is said to be a leave", GRP10, func() *script {
		s := club()
		s.closes(2, "disconnect")
		s.does(2, groups.ActDisconnect, nil, p, q)
		s.sees(1, groups.CauseLeave, 3, a, 0, b)
		return s
	}},
	{"no cause at all", GRP10, func() *script {
		s := club()
		s.sees(1, groups.Cause(9), 3, ab, 0, b)
		return s
	}},
	{"two causes of one view", GRP10, alone(func() *script {
		s := club()
		s.does(2, groups.ActLeave, g, p, q)
		s.sees(1, groups.CauseLeave, 3, a, 0, b)
		s.open(q, 3, "#c#h2")
		s.sees(3, groups.CauseDisconnect, 3, a, 0, b)
		return s
	})},
	{"a join between signal and end that is said to be one", GRP10, func() *script {
		s := club()
		s.open(p, 5, "#d#h1")
		j := s.ordered(p, s.asks(5, s.request(5, groups.ActJoin, ring.Agreed, "g")), p)
		s.install(p, s.next(p, id(11, p), p))
		s.signaled(1, 10, 2)
		s.deliver(p, j)
		s.sees(1, groups.CauseJoin, 3, []string{"#a#h1", "#d#h1", "#b#h2"}, 0, []string{"#d#h1"})
		return s
	}},
	{"a view for nothing", GRP10, func() *script {
		s := club()
		s.form(11, p, q)
		s.sees(1, groups.CauseNetwork, 1, ab, 0, ab)
		return s
	}},
	{"a view of another group than the one that changes", GRP10, func() *script {
		s := club()
		s.does(2, groups.ActLeave, g, p, q)
		s.sees(1, groups.CauseLeave, 3, a, 0, b)
		s.last().View.Group = "h"
		s.last().View.Cause = uint8(groups.CauseNetwork)
		s.last().View.Sets = [][]string{a}
		return s
	}},
	{"a view with other members than joined", GRP1, alone(func() *script {
		s := club()
		s.open(p, 3, "#c#h1")
		s.does(3, groups.ActJoin, g, p, q)
		s.sees(1, groups.CauseJoin, 3, []string{"#a#h1", "#x#h1", "#b#h2"}, 0, []string{"#x#h1"})
		return s
	})},
	{"a view twice", GRP2, func() *script {
		s := club()
		s.sees(1, groups.CauseJoin, 2, ab, 0, b)
		return s
	}},
	{"a self-leave for nothing", GRP3, func() *script {
		s := club()
		s.leaves(1)
		return s
	}},
	{"a self-leave twice", GRP3, func() *script {
		s := club()
		s.does(2, groups.ActLeave, g, p, q)
		s.leaves(2)
		s.leaves(2)
		return s
	}},
	{"accepted, and neither delivered nor refused", CLI1, func() *script {
		s := club()
		s.asks(1, s.request(1, groups.ActJoin, ring.Agreed, "h"))
		s.quiet(p, q)
		return s.finish()
	}},
	{"a message before the view that stands before it", CLI2, func() *script {
		s := club()
		s.does(2, groups.ActLeave, g, p, q)
		s.gets(s.says(1, p, q), 1)
		return s
	}},
	{"a view before the message that stands before it", CLI2, func() *script {
		s := club()
		s.says(1, p, q)
		s.does(2, groups.ActLeave, g, p, q)
		s.sees(1, groups.CauseLeave, 3, a, 0, b)
		return s
	}},
	{"one that does not read, and another gets nothing", CLI3, func() *script {
		s := club()
		s.open(p, 3, "#c#h1")
		s.stalls(3, true)
		s.says(2, p, q)
		s.quiet(p, q)
		return s.finish()
	}},
	{"closed without a reason", CLI4, func() *script {
		s := club()
		s.closes(1, "")
		return s
	}},
	{"disconnected twice", CLI4, func() *script {
		s := club()
		s.closes(1, "too slow")
		m := s.request(1, groups.ActDisconnect, ring.Agreed)
		s.ordered(p, m, p, q)
		s.ordered(p, m, p, q)
		return s
	}},
	{"closed and never disconnected", CLI4, func() *script {
		s := club()
		s.closes(1, "too slow")
		s.quiet(p, q)
		return s.finish()
	}},
	{"disconnected, and the client not told", CLI4, func() *script {
		s := club()
		s.does(1, groups.ActDisconnect, nil, p, q)
		s.sees(2, groups.CauseDisconnect, 3, b, 0, a)
		s.quiet(p, q)
		return s.finish()
	}},
	{"dropped in place of closed", CLI4, func() *script {
		s := club()
		s.stalls(1, true)
		s.says(2, p, q)
		s.stalls(1, false)
		s.gets(s.says(2, p, q), 1)
		return s
	}},
	{"a name given away before its disconnect", CLI4, func() *script {
		s := club()
		s.closes(1, "too slow")
		s.open(p, 3, "#a#h1")
		return s
	}},
	{"a message after the end", CLI5, func() *script {
		s := club()
		m := s.says(2, p, q)
		s.closes(1, "too slow")
		s.gets(m, 1)
		return s
	}},
	{"a view with one that is disconnected", CLI5, alone(func() *script {
		s := club()
		s.open(p, 3, "#c#h1")
		s.does(3, groups.ActJoin, g, p, q)
		abc := []string{"#a#h1", "#c#h1", "#b#h2"}
		s.sees(1, groups.CauseJoin, 3, abc, 0, []string{"#c#h1"})
		s.closes(3, "too slow")
		s.does(3, groups.ActDisconnect, nil, p, q)
		s.sees(1, groups.CauseDisconnect, 4, abc, 0, []string{"#c#h1"})
		return s
	})},
	{"a private message to another", CLI6, func() *script {
		s := club()
		s.gets(s.does(2, groups.ActMessage, []string{"#x#h1"}, p, q), 1)
		return s
	}},
	{"put in order for other groups", INT6, func() *script {
		s := club()
		m := s.asks(1, s.request(1, groups.ActMessage, ring.Agreed, "g"))
		m.Groups = []string{"h"}
		s.ordered(p, m, p, q)
		return s
	}},
	{"a leave put in order for a join", INT6, func() *script {
		s := club()
		m := s.asks(1, s.request(1, groups.ActJoin, ring.Agreed, "g"))
		m.Act = groups.ActLeave
		s.ordered(p, m, p, q)
		return s
	}},
	{"put in order for no session", INT6, func() *script {
		s := club()
		s.private[9] = "#x#h1"
		s.ordered(p, s.request(9, groups.ActJoin, ring.Agreed, "g"), p, q)
		return s
	}},
	{"received from another than its sender", INT6, func() *script {
		s := club()
		s.gets(s.says(1, p, q), 2)
		s.last().Text = "#b#h2"
		return s
	}},
	{"put in order and asked for by nobody", INT3, func() *script {
		s := club()
		s.ordered(p, s.request(1, groups.ActJoin, ring.Agreed, "g"), p, q)
		return s
	}},
	{"a session's messages change places", FIFO2, func() *script {
		s := club()
		m := s.asks(1, s.request(1, groups.ActMessage, ring.FIFO, "g"))
		m.ClientCounter++
		s.ordered(p, m, p, q)
		return s
	}},
	{"a session does not receive what is due", LIV3, func() *script {
		s := club()
		s.says(1, p, q)
		s.quiet(p, q)
		return s.finish()
	}},
	{"a session does not receive a safe message", LIV4, func() *script {
		s := club()
		n := s.ordered(p, s.asks(1, s.request(1, groups.ActMessage, ring.Safe, "g")), p, q)
		s.deliver(p, n)
		s.deliver(q, n)
		s.quiet(p, q)
		return s.finish()
	}},
	{"the groups' state is never agreed", LIV3, func() *script {
		s := apart().form(13, p, q)
		s.quiet(p, q)
		return s.finish()
	}},
}
