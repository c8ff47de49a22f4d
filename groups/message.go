package groups

import (
	"slices"

	"mpspread/ring"
)

// deliverMessage gives a message to the local sessions that are members of its
// destinations at its place in the order, once each (GRP-4).
func (g *Groups) deliverMessage(d *ring.Delivery) {
	m, err := parseData(d.Payload)
	if err != nil {
		g.counters.Malformed++
		return
	}
	g.counters.Messages++
	receivers := g.receivers(d.Sender, &m)
	if len(receivers) == 0 {
		g.counters.Unaddressed++
		return
	}
	// One allocation for the message and the usual single destination.
	delivered := &struct {
		Message
		first [1]string
	}{Message: Message{
		Sender: g.senderName(d.Sender, m.sender),
		Multicast: Multicast{
			Service:     d.Service,
			SelfDiscard: m.selfDiscard,
			Flags:       m.flags,
			Hint:        m.hint,
			Data:        append([]byte(nil), m.data...),
		},
	}}
	delivered.Groups = g.destinations(delivered.first[:0], &m)
	g.emit(Event{Kind: EventMessage, Sessions: receivers, Message: &delivered.Message})
}

// receivers lists the local sessions that a message is for, in the order of
// their opening.
func (g *Groups) receivers(sender ring.Process, m *dataMessage) []SessionID {
	var discard *session
	if m.selfDiscard && sender == g.self {
		discard = g.sessions.byName[string(m.sender)]
	}
	if m.count == 1 && discard == nil {
		// The common case shares the group's own list.
		name, _ := nextDestination(m.groups)
		if gr := g.table.groups[string(name)]; gr != nil {
			return gr.receiverIDs()
		}
	}
	var found []*session
	for rest := m.groups; len(rest) > 0; {
		var name []byte
		name, rest = nextDestination(rest)
		if gr := g.table.groups[string(name)]; gr != nil {
			found = append(found, gr.local...)
		} else if s := g.localSession(name); s != nil {
			found = append(found, s)
		}
	}
	slices.SortFunc(found, compareSessions)
	found = slices.Compact(found)
	ids := make([]SessionID, 0, len(found))
	for _, s := range found {
		if s != discard {
			ids = append(ids, s.id)
		}
	}
	return ids
}

// localSession finds the session of this daemon that a private group name
// means (CLI-6).
func (g *Groups) localSession(destination []byte) *session {
	name, daemon, ok := splitPrivate(destination)
	if !ok || string(daemon) != g.name {
		return nil
	}
	return g.sessions.byName[string(name)]
}

// senderName is the private group name of a message's sender.
func (g *Groups) senderName(p ring.Process, name []byte) string {
	if m := g.table.members[memberKey{process: p, name: string(name)}]; m != nil {
		return m.private
	}
	return privateName(string(name), g.daemons[g.order[p.Daemon]].Name)
}

// destinations lists all destinations as the sender gave them, in names if
// they fit.
func (g *Groups) destinations(names []string, m *dataMessage) []string {
	if m.count > cap(names) {
		names = make([]string, 0, m.count)
	}
	for rest := m.groups; len(rest) > 0; {
		var name []byte
		name, rest = nextDestination(rest)
		if gr := g.table.groups[string(name)]; gr != nil {
			names = append(names, gr.name) // spares the copy
		} else {
			names = append(names, string(name))
		}
	}
	return names
}
