package sim

import (
	"time"

	"mpspread/groups"
	"mpspread/ring"
)

// clients makes the clients of a plan less simple: some sessions have no name
// of their own or want no memberships; messages go to several groups, to
// clients by name, and not back to their sender; clients join and leave many
// groups; some read slowly or not at all, and are flooded meanwhile (R3, R4).
func (p *Plan) clients(r prng) {
	if p.Mode != EngineMode {
		return
	}
	p.Unwatched, p.Invent = []int{0, 0, 3, 5}[r.below(4)], []int{0, 0, 2, 4}[r.below(4)]
	addressed := r.chance(600)
	for i := range p.Load {
		if l := &p.Load[i]; addressed && l.Action == "" {
			p.address(l, &r)
		}
	}
	if r.chance(250) {
		p.joiners(&r)
	}
	if r.chance(400) {
		p.slowReaders(&r)
	}
	if r.chance(250) {
		p.comeAndGo(&r)
	}
}

// address gives a message more destinations.
func (p *Plan) address(l *Load, r *prng) {
	l.Discard = r.chance(100)
	switch n := r.below(100); {
	case n < 15:
		for range r.between(1, 4) {
			l.More = append(l.More, r.below(4)) // one may come twice
		}
	case n < 17:
		for g := range groups.MaxGroups - 1 {
			l.More = append(l.More, g)
		}
	case n < 28:
		for range r.between(1, 3) {
			l.Private = append(l.Private, Target{Daemon: r.below(p.Daemons), Lane: r.below(3)})
		}
		if r.chance(500) {
			l.Group = -1
		}
	}
}

// joiners are clients that join many groups and leave some of them again.
func (p *Plan) joiners(r *prng) {
	for range r.between(1, 3) {
		join := Load{At: r.time(0, p.RunFor), Action: Join, Group: 3 + r.below(20), Daemon: r.below(p.Daemons), Lane: r.below(3), Count: r.between(10, 150)}
		if r.chance(500) {
			join.Every = r.time(time.Millisecond, 20*time.Millisecond)
		}
		quit := join
		quit.At, quit.Action, quit.Count = join.At+r.time(0, 2*time.Second), Quit, r.between(1, join.Count)
		p.Load = append(p.Load, join, quit)
	}
}

// slowReaders stop reading, or nearly, some for good, and others send to them.
// Queues are small, so that some of them overflow; sometimes they are too small
// for the longest message.
func (p *Plan) slowReaders(r *prng) {
	p.ClientQueue = []int{20 << 10, 64 << 10, 220 << 10}[r.below(3)]
	for range r.between(1, 4) {
		l := Load{At: r.time(0, p.RunFor), Action: Stall, Daemon: r.below(p.Daemons), Lane: r.below(3), Count: 1}
		if r.chance(400) {
			l.Action, l.Pace = Trickle, r.between(50, 2000)
		}
		p.Load = append(p.Load, l)
		if r.chance(600) {
			again := l
			again.At, again.Action = l.At+r.time(0, 2*time.Second), Read
			p.Load = append(p.Load, again)
		}
		for range r.between(1, 4) {
			p.Load = append(p.Load, Load{
				At: l.At + r.time(0, time.Second), Daemon: r.below(p.Daemons), Lane: r.below(3), Group: r.below(3),
				Service: ring.Service(r.below(6)), Size: r.between(200, 5000), Count: r.between(5, 60),
			})
		}
	}
}

// comeAndGo closes sessions that are back at once, by the same name.
func (p *Plan) comeAndGo(r *prng) {
	for range r.between(2, 10) {
		l := Load{At: r.time(0, p.RunFor), Action: Close, Daemon: r.below(p.Daemons), Lane: r.below(3), Count: 1}
		back := l
		back.Action, back.Group, back.Service, back.Size, back.Count = "", r.below(2), ring.Service(r.below(6)), r.below(300), r.between(1, 4)
		p.Load = append(p.Load, l, back)
	}
}
