package groups

import (
	"cmp"
	"slices"

	"mpspread/ring"
)

// merge makes the tables of these sets one, and tells the local members of
// every group that the network has changed: those that lost members, or may
// have, and those whose members come from several sets. A group that is not
// touched keeps its id and hears nothing (spread-semantics A3).
//
// A set may bring sessions of daemons outside it: a step before merged them,
// and then their daemons went another way. They are dropped here.
func (g *Groups) merge(scope []*syncedSet) {
	var all []ring.Process
	for _, s := range scope {
		all = append(all, s.processes...)
	}
	if len(scope) == 1 {
		g.dropOthers(all)
		g.closeViews()
		return
	}
	g.setPresent(all)
	sets := slices.Clone(scope)
	slices.SortFunc(sets, g.compareSets)
	shares := g.shares(sets)
	g.table.init()
	names := make([]string, 0, len(shares))
	for name := range shares {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		g.mergeGroup(name, shares[name])
	}
}

// closeViews ends the network change in every group of the own table.
func (g *Groups) closeViews() {
	for _, gr := range sortedGroups(g.table.groups, func(gr *group) bool { return gr.lost }) {
		if !gr.signaled {
			g.signal(gr)
		}
		g.networkChange(gr, nil, 0)
	}
}

// networkChange gives a group its first membership after a network change. No
// sets: all members are one.
func (g *Groups) networkChange(gr *group, sets [][]string, own int) {
	gr.lost, gr.signaled = false, false
	g.renumberNetwork(gr)
	watchers := gr.watcherIDs()
	if len(watchers) == 0 {
		return
	}
	members := privateNames(gr.members)
	if sets == nil {
		sets = [][]string{members}
	}
	g.emit(Event{Kind: EventMembership, Sessions: watchers, Own: own, Membership: &Membership{
		Group:   gr.name,
		ID:      gr.id,
		Cause:   CauseNetwork,
		Members: members,
		Sets:    sets,
	}})
}

// compareSets is the order of vs sets: by the configuration that the members
// come from, as in group ids (spread-client-protocol 7.2), then something that
// always differs.
func (g *Groups) compareSets(a, b *syncedSet) int {
	aRing, aEpoch := regularStamp(a.announcement.head.conf)
	bRing, bEpoch := regularStamp(b.announcement.head.conf)
	return cmp.Or(
		cmp.Compare(aRing, bRing),
		cmp.Compare(aEpoch, bEpoch),
		cmp.Compare(g.order[a.processes[0].Daemon], g.order[b.processes[0].Daemon]),
	)
}

// share is what one set brings to a group.
type share struct {
	set     *syncedSet
	image   *groupImage
	members []*member
}

// lost tells that the set has lost members of the group.
func (s *share) lost() bool { return s.image.lost || len(s.members) < len(s.image.members) }

// shares collects what the sets bring, by group, in the order of the sets. A
// session counts only in the table of the set that its daemon is in.
func (g *Groups) shares(sets []*syncedSet) map[string][]share {
	found := make(map[string][]share)
	for _, s := range sets {
		members := make([]*member, len(s.table.sessions))
		for i, key := range s.table.sessions {
			if s.has(key.process) {
				members[i] = g.newMember(key)
			}
		}
		for i := range s.table.groups {
			image := &s.table.groups[i]
			sh := share{set: s, image: image}
			for _, at := range image.members {
				if members[at] != nil {
					sh.members = append(sh.members, members[at])
				}
			}
			if len(sh.members) > 0 {
				found[image.name] = append(found[image.name], sh)
			}
		}
	}
	return found
}

// mergeGroup puts a group into the new table.
func (g *Groups) mergeGroup(name string, shares []share) {
	var gr *group
	var sets [][]string
	own, touched := -1, len(shares) > 1
	for i := range shares {
		sh := &shares[i]
		for _, m := range sh.members {
			gr = g.table.insert(m, name)
		}
		touched = touched || sh.lost()
		sets = append(sets, privateNames(sh.members))
		if sh.set == g.ex.mine {
			own = i
		}
	}
	gr.id = shares[0].image.id
	if !touched {
		return
	}
	if own >= 0 {
		mine := shares[own].image
		gr.id = mine.id
		if shares[own].lost() && !mine.signaled {
			g.signal(gr)
		}
	}
	g.networkChange(gr, sets, max(own, 0))
}
