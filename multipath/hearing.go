package multipath

import "bytes"

// hearing is what a life was last heard to say.
type hearing struct {
	lastHeard Time // last authenticated packet that was a first copy and in time
	heard     bool // within the hearing time
	since     Time // when it was admitted
	hearsMe   bool // its latest hello says so
	// mustSee: to count as hearing me again after it was silent it must have
	// seen this packet of mine, sent after the silence began. A hello that was
	// on the way for long does not revive a dead daemon.
	mustSee        uint64
	redundancyLost bool // it says that it has lost redundancy
	beacon         []byte
}

// Hearings returns what is known of every other daemon, in configuration
// order. It is valid until the next call of any other method.
func (m *Multipath) Hearings() []Hearing {
	if m.hearingsBuilt == m.generation && m.hearings != nil {
		return m.hearings
	}
	m.hearings = m.hearings[:0]
	for _, d := range m.daemons {
		if d.self {
			continue
		}
		h := Hearing{Daemon: d.ID}
		if l := d.life; l != nil && l.heard {
			h.Incarnation, h.Mutual, h.Beacon = l.short, l.hearsMe, l.beacon
		}
		m.hearings = append(m.hearings, h)
	}
	m.hearingsBuilt = m.generation
	return m.hearings
}

// HearingGeneration changes whenever an entry of Hearings does.
func (m *Multipath) HearingGeneration() uint64 { return m.generation }

// changed notes that hearings, and with them the routes, are not as they were.
func (m *Multipath) changed() {
	m.generation++
	m.routesStale = true
}

// touch notes a sign of life. A late one is none.
func (m *Multipath) touch(now Time, l *life) {
	l.lastHeard = now
	if !l.heard {
		l.heard = true
		m.watch(now + m.hearingTime)
		m.changed()
		m.helloSoon(now)
	}
}

// watch makes sure that expireHearings looks at a time.
func (m *Multipath) watch(end Time) { m.nextHearing = min(m.nextHearing, end) }

// expireHearings declares lives silent that have not been heard for three
// quarters of the failure detection time, and finds when to look again.
func (m *Multipath) expireHearings(now Time) {
	m.nextHearing = NoDeadline
	for _, d := range m.daemons {
		l := d.life
		if l == nil || !l.heard {
			continue
		}
		if end := l.lastHeard + m.hearingTime; now < end {
			m.nextHearing = min(m.nextHearing, end)
			continue
		}
		l.heard, l.hearsMe, l.redundancyLost, l.beacon = false, false, false, nil
		l.mustSee = m.counter + 1
		m.changed()
		m.helloSoon(now)
	}
}

// hear takes what a hello of a proven life says.
func (m *Multipath) hear(now Time, d *daemon, h *hello) {
	l := d.life
	hearsMe := l.hearsMe && !h.complete
	if r := h.reportOf(m.cfg.Self); r != nil {
		hearsMe = false
		if r.short == m.short {
			hearsMe = r.heard && r.highest >= l.mustSee
			m.compareCounter(d, r.highest)
			m.takeReport(now, d, h, r)
		}
	}
	if !hearsMe {
		m.forgetReport(now, d)
	}
	if hearsMe != l.hearsMe || !bytes.Equal(h.beacon, l.beacon) {
		l.hearsMe = hearsMe
		l.beacon = append([]byte(nil), h.beacon...)
		m.changed()
	}
	l.redundancyLost = h.redundancyLost
}
