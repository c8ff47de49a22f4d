package groups

import (
	"cmp"
	"slices"
	"strings"

	"mpspread/ring"
)

// table is who is in which group, for all daemons of the configuration. Once
// its state is agreed it is equal at all of them, but for the pointers to
// local sessions.
type table struct {
	groups  map[string]*group
	members map[memberKey]*member
}

// memberKey names a session of any daemon. Members belong to a process: a
// daemon that restarts has none.
type memberKey struct {
	process ring.Process
	name    string
}

// member is a session that is in at least one group.
type member struct {
	memberKey
	order   int    // position of its daemon
	private string // private group name
	groups  map[string]*group
	session *session // nil unless it is a session of this daemon
}

// group is a named group with at least one member.
type group struct {
	name    string
	id      GroupID
	era     uint64    // of the stamp that made the id
	members []*member // in member order

	// lost: members went with their daemons, or may have, since the last
	// membership message; the next one is caused by the network.
	lost bool
	// signaled: the transitional signal for it has been sent.
	signaled bool

	// local members in the order of their opening. The lists of ids are made
	// when needed and never changed, since events hold them.
	local     []*session
	receivers []SessionID // all of local; nil: to be made
	watchers  []SessionID // those that want membership messages; nil: to be made
}

func (t *table) init() {
	t.groups = make(map[string]*group)
	t.members = make(map[memberKey]*member)
}

// sorted lists all groups by name.
func (t *table) sorted() []*group { return sortedGroups(t.groups, anyGroup) }

func anyGroup(*group) bool { return true }

// sortedGroups lists those of m that match, by name.
func sortedGroups(m map[string]*group, matches func(*group) bool) []*group {
	var list []*group
	for _, gr := range m {
		if matches(gr) {
			list = append(list, gr)
		}
	}
	slices.SortFunc(list, func(a, b *group) int { return strings.Compare(a.name, b.name) })
	return list
}

// compareMembers is member order: daemon, then name bytewise
// (spread-client-protocol 7.2). Two lives of a daemon never meet in one
// configuration, but what is left of an old one may until the next.
func compareMembers(a, b *member) int {
	return cmp.Or(
		cmp.Compare(a.order, b.order),
		strings.Compare(a.name, b.name),
		cmp.Compare(a.process.Incarnation, b.process.Incarnation),
	)
}

// insert makes a session a member of a group, which may be new. The session is
// not a member yet.
func (t *table) insert(m *member, name string) *group {
	gr := t.groups[name]
	if gr == nil {
		gr = &group{name: name}
		t.groups[name] = gr
	}
	i, _ := slices.BinarySearchFunc(gr.members, m, compareMembers)
	gr.members = slices.Insert(gr.members, i, m)
	m.groups[name] = gr
	t.members[m.memberKey] = m
	if m.session != nil {
		j, _ := slices.BinarySearchFunc(gr.local, m.session, compareSessions)
		gr.local = slices.Insert(gr.local, j, m.session)
		gr.receivers, gr.watchers = nil, nil
	}
	return gr
}

// remove ends a membership. It leaves a group without members in the table.
func (t *table) remove(m *member, gr *group) {
	i, _ := slices.BinarySearchFunc(gr.members, m, compareMembers)
	gr.members = slices.Delete(gr.members, i, i+1)
	delete(m.groups, gr.name)
	if len(m.groups) == 0 {
		delete(t.members, m.memberKey)
	}
	if m.session != nil {
		j, _ := slices.BinarySearchFunc(gr.local, m.session, compareSessions)
		gr.local = slices.Delete(gr.local, j, j+1)
		gr.receivers, gr.watchers = nil, nil
	}
}

func compareSessions(a, b *session) int { return cmp.Compare(a.serial, b.serial) }

// localMembers counts a group's members at a process, which has this place in
// member order.
func (gr *group) localMembers(p ring.Process, order int) int {
	first, _ := slices.BinarySearchFunc(gr.members, order, func(m *member, order int) int {
		return cmp.Compare(m.order, order)
	})
	n := 0
	for _, m := range gr.members[first:] {
		if m.order != order {
			break
		}
		if m.process == p {
			n++
		}
	}
	return n
}

// receiverIDs lists all local members.
func (gr *group) receiverIDs() []SessionID {
	if gr.receivers == nil {
		gr.receivers = make([]SessionID, len(gr.local))
		for i, s := range gr.local {
			gr.receivers[i] = s.id
		}
	}
	return gr.receivers
}

// watcherIDs lists the local members that want membership messages.
func (gr *group) watcherIDs() []SessionID {
	if gr.watchers == nil {
		gr.watchers = make([]SessionID, 0, len(gr.local))
		for _, s := range gr.local {
			if s.membership {
				gr.watchers = append(gr.watchers, s.id)
			}
		}
	}
	return gr.watchers
}

func privateNames(members []*member) []string {
	names := make([]string, len(members))
	for i, m := range members {
		names[i] = m.private
	}
	return names
}

// newMember makes the record of a session of any daemon that is in no group
// yet.
func (g *Groups) newMember(key memberKey) *member {
	order := g.order[key.process.Daemon]
	m := &member{
		memberKey: key,
		order:     order,
		private:   privateName(key.name, g.daemons[order].Name),
		groups:    make(map[string]*group),
	}
	if key.process == g.self {
		if m.session = g.sessions.byName[key.name]; m.session != nil {
			m.private = m.session.private
		}
	}
	return m
}
