package groups

import "mpspread/ring"

// apply carries out a payload of a session at its place in the order.
func (g *Groups) apply(d *ring.Delivery) {
	if len(d.Payload) > 0 && kind(d.Payload[0]) == kindData {
		g.deliverMessage(d)
		return
	}
	r, err := parseRequest(d.Payload)
	if err != nil {
		g.counters.Malformed++
		return
	}
	key := memberKey{process: d.Sender, name: string(r.name)}
	switch r.kind {
	case kindJoin:
		g.join(key, string(r.group))
	case kindLeave:
		g.leave(key, string(r.group))
	case kindDisconnect:
		g.disconnect(key)
	}
}

// join makes a session a member. A join by a session whose daemon is not
// present any more changes nothing: it stands between the transitional
// configuration that its daemon is not in and the regular one that would take
// it out again, and all that come along see it so.
func (g *Groups) join(key memberKey, name string) {
	if !g.present[key.process] {
		return
	}
	m := g.table.members[key]
	if m != nil && m.groups[name] != nil {
		return // spread-client-protocol 6: silently
	}
	if g.full(g.table.groups[name], key.process) {
		if s := g.sessions.byName[key.name]; s != nil && key.process == g.self {
			g.reject(s, name)
		}
		return
	}
	if m == nil {
		m = g.newMember(key)
	}
	g.counters.Joins++
	gr := g.table.insert(m, name)
	g.announceChange(gr, CauseJoin, m)
}

// full tells whether a group takes no more sessions of a daemon. All daemons
// decide it alike, at the join's place in the order.
func (g *Groups) full(gr *group, p ring.Process) bool {
	return gr != nil && len(gr.members) >= MaxLocalMembers &&
		gr.localMembers(p, g.order[p.Daemon]) >= MaxLocalMembers
}

// leave ends a membership. The leaver is told first, then the others
// (spread-client-protocol 7.4).
func (g *Groups) leave(key memberKey, name string) {
	m := g.table.members[key]
	if m == nil {
		return
	}
	gr := m.groups[name]
	if gr == nil {
		return
	}
	g.counters.Leaves++
	g.table.remove(m, gr)
	if m.session != nil && m.session.membership {
		g.emit(Event{Kind: EventSelfLeave, Sessions: []SessionID{m.session.id}, Group: name})
	}
	g.announceChange(gr, CauseLeave, m)
}

// disconnect ends all memberships of a session, and the session if it is one
// of this daemon.
func (g *Groups) disconnect(key memberKey) {
	g.counters.Disconnects++
	if m := g.table.members[key]; m != nil {
		for _, gr := range sortedGroups(m.groups, anyGroup) {
			g.table.remove(m, gr)
			g.announceChange(gr, CauseDisconnect, m)
		}
	}
	if key.process != g.self {
		return
	}
	if s := g.sessions.byName[key.name]; s != nil {
		g.sessions.remove(s)
		g.emit(Event{Kind: EventClosed, Sessions: []SessionID{s.id}})
	}
}

// announceChange tells the local members of a group that who has come or gone.
func (g *Groups) announceChange(gr *group, cause Cause, who *member) {
	if len(gr.members) == 0 {
		delete(g.table.groups, gr.name)
		g.stamp.vanished++
		return
	}
	g.renumber(gr)
	if len(gr.watcherIDs()) == 0 {
		return
	}
	change := &Membership{
		Group:   gr.name,
		ID:      gr.id,
		Cause:   cause,
		Members: privateNames(gr.members),
	}
	if !gr.signaled {
		change.Sets = [][]string{{who.private}}
		g.emit(Event{Kind: EventMembership, Sessions: gr.watcherIDs(), Membership: change})
		return
	}
	g.announceLateChange(gr, change, cause, who)
}

// announceLateChange tells of a change between the transitional signal and the
// regular membership: caused by the network, and followed by another signal,
// since those that cannot be reached are still listed
// (spread-client-protocol 7.2, 7.3).
//
// The members that came along are one set, those of each daemon that did not
// another; one that has only just joined comes along with nobody, and stands
// alone in the last set.
func (g *Groups) announceLateChange(gr *group, change *Membership, cause Cause, who *member) {
	change.Cause = CauseNetwork
	joiner := who
	if cause != CauseJoin {
		joiner = nil
	}
	change.Sets = g.lateSets(gr, joiner)
	others := gr.watcherIDs()
	if joiner != nil && joiner.session != nil && joiner.session.membership {
		others = without(others, joiner.session.id)
		g.emit(Event{
			Kind:       EventMembership,
			Sessions:   []SessionID{joiner.session.id},
			Membership: change,
			Own:        len(change.Sets) - 1,
		})
	}
	if len(others) > 0 {
		g.emit(Event{Kind: EventMembership, Sessions: others, Membership: change})
	}
	g.signal(gr)
}

func (g *Groups) lateSets(gr *group, joiner *member) [][]string {
	var along, last []string
	var gone [][]string
	var process ring.Process // of the last of gone
	for _, m := range gr.members {
		switch {
		case m == joiner:
			last = []string{m.private}
		case g.present[m.process]:
			along = append(along, m.private)
		default:
			// Members are in daemon order, so those of a process stand together.
			if len(gone) == 0 || m.process != process {
				gone = append(gone, nil)
				process = m.process
			}
			gone[len(gone)-1] = append(gone[len(gone)-1], m.private)
		}
	}
	var sets [][]string
	if len(along) > 0 {
		sets = append(sets, along)
	}
	sets = append(sets, gone...)
	if last != nil {
		sets = append(sets, last)
	}
	return sets
}

// signal sends the transitional signal for the membership now in force.
func (g *Groups) signal(gr *group) {
	gr.signaled = true
	if watchers := gr.watcherIDs(); len(watchers) > 0 {
		g.emit(Event{Kind: EventTransition, Sessions: watchers, Group: gr.name, ID: gr.id})
	}
}

func without(list []SessionID, id SessionID) []SessionID {
	kept := make([]SessionID, 0, len(list))
	for _, other := range list {
		if other != id {
			kept = append(kept, other)
		}
	}
	return kept
}
