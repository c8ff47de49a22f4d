package sim

import (
	"time"

	"mpspread/internal/check"
	"mpspread/internal/trace"
	"mpspread/ring"
)

// lookEvery is how often the world asks whether the run can end.
const lookEvery = 100 * time.Millisecond

// coreTime is how long a core is watched beyond the time that it has to settle:
// 60 times the usual failure detection time. LIV-5 speaks of a share of the
// time, and a bad link is tried again at intervals of up to 16 times that
// (ring/damping.go): a few of them must fit.
const coreTime = 30 * time.Second

// overloadTime is how long an overloaded ring is watched, likewise.
const overloadTime = 5 * time.Second

// rests tells whether the cluster comes to rest when the faults that end have
// ended.
func (p *Plan) rests() bool { return len(p.Core) == 0 && !p.Overload }

// beginQuiet ends all faults that are not permanent: every daemon runs, every
// link works. From here on the cluster must come together and stay so.
func (w *World) beginQuiet() {
	for i := range w.plan.Faults {
		if w.active[i] && !w.plan.Faults[i].Permanent {
			w.end(i)
		}
	}
	w.quiet = true
	w.ghosts = w.now
	for i := range w.links {
		w.ghosts = max(w.ghosts, w.links[i].latest)
	}
	var members []ring.Process
	for i := range w.plan.Daemons {
		d := &w.daemons[i]
		if d.shadow {
			w.crash(d) // the operator has seen the log
		}
		w.boot(d)
		if w.inCore(i) {
			members = append(members, d.process)
		}
	}
	e := trace.Event{Kind: trace.Quiet, Members: members, Bound: w.plan.Converge}
	switch {
	case len(w.plan.Core) > 0:
		e.Text = check.CoreOnly
	case w.plan.Overload:
		e.Text = check.Overload
	}
	w.emit(nil, &e)
	w.heap.push(occasion{at: w.now + lookEvery, kind: look})
}

func (w *World) inCore(i int) bool {
	for _, c := range w.plan.Core {
		if c == i {
			return true
		}
	}
	return len(w.plan.Core) == 0
}

// look ends the run when there is nothing left to do and nothing has moved for
// a while, or when its time is up.
func (w *World) look() {
	end := w.plan.RunFor + w.plan.Converge
	switch {
	case len(w.plan.Core) > 0:
		end += coreTime
	case w.plan.Overload:
		end += overloadTime
	default:
		end += w.plan.Drain
	}
	idle := w.checker.Settled(w.now) && w.waiting() == 0 && w.now >= w.lastLoad()
	if !idle {
		w.settled = 0
	} else if w.settled == 0 {
		w.settled = w.now
	}
	if w.now < end && (w.settled == 0 || w.now-w.settled < w.rest() || w.now <= w.ghostsGone()) {
		w.heap.push(occasion{at: w.now + lookEvery, kind: look})
		return
	}
	w.finish()
}

// ghostsGone is from when nothing is kept of what ghosts have begun, so that
// everything that is kept can be judged (LIV-6).
func (w *World) ghostsGone() time.Duration {
	if w.plan.Mode != EngineMode {
		return w.ghosts
	}
	return w.ghosts + ghostTime
}

// ghostTime is longer than multipath keeps a begun payload, or a life that has
// not proven itself.
const ghostTime = 3500 * time.Millisecond

// finish ends the run.
func (w *World) finish() {
	w.showStatus()
	finished := trace.Event{Kind: trace.Finished}
	if w.plan.rests() {
		finished.Counter = uint64(w.waiting())
		if w.now-w.lastLoad() >= w.rest() {
			w.drained()
		}
	}
	w.emit(nil, &finished)
	w.over = true
}

// rest is how long nothing may have moved, and nobody sent anything, before a
// cluster is at rest.
func (w *World) rest() time.Duration { return 4 * w.plan.FailureDetection }

// drained writes down what each daemon still keeps (LIV-6).
func (w *World) drained() {
	for i := range w.daemons {
		if d := &w.daemons[i]; d.node != nil {
			w.emit(d, &trace.Event{Kind: trace.Drain, Sizes: d.node.sizes()})
		}
	}
}

func (w *World) lastLoad() time.Duration {
	var last time.Duration
	for i := range w.plan.Load {
		l := &w.plan.Load[i]
		last = max(last, l.At+l.Every*time.Duration(l.Count-1))
	}
	return last
}

// showStatus shows what operators would see.
func (w *World) showStatus() {
	if w.opt.Status == nil {
		return
	}
	for i := range w.daemons {
		if n, ok := w.daemons[i].node.(*engineNode); ok {
			s := n.engine.Status(w.daemons[i].local(w.now))
			w.opt.Status(w.daemons[i].at, &s)
		}
	}
}

// groups is the most groups that a living daemon knows.
func (w *World) groups() (most int) {
	for i := range w.daemons {
		if n, ok := w.daemons[i].node.(*engineNode); ok {
			most = max(most, n.engine.Status(w.daemons[i].local(w.now)).Groups)
		}
	}
	return most
}

// count adds a life's counters to the run's.
func (w *World) count(n ring.Counters) { addCounters(&w.totals, &n) }

func addCounters(t, n *ring.Counters) {
	t.TokensAccepted += n.TokensAccepted
	t.TokensDuplicate += n.TokensDuplicate
	t.TokensStale += n.TokensStale
	t.TokensForeign += n.TokensForeign
	t.TokensResent += n.TokensResent
	t.TokensLost += n.TokensLost
	t.Malformed += n.Malformed
	t.DataReceived += n.DataReceived
	t.DataDuplicate += n.DataDuplicate
	t.DataForeign += n.DataForeign
	t.DataBeyondWindow += n.DataBeyondWindow
	t.DataSent += n.DataSent
	t.DataResent += n.DataResent
	t.Requested += n.Requested
	t.RequestsIgnored += n.RequestsIgnored
	t.MessagesOriginated += n.MessagesOriginated
	t.MessagesDelivered += n.MessagesDelivered
	t.MembershipChanges += n.MembershipChanges
	t.Gathers += n.Gathers
	t.Commits += n.Commits
	t.Recoveries += n.Recoveries
	t.JoinsIgnored += n.JoinsIgnored
	t.JoinsRefused += n.JoinsRefused
	t.CommitsIgnored += n.CommitsIgnored
	t.ReassemblyAbandoned += n.ReassemblyAbandoned
}
