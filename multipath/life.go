package multipath

import (
	"slices"
	"time"
)

// Bounds of what is kept of lives (protocol rule 1).
const (
	maxSuperseded = 16
	maxCandidates = 8

	challengeLife = 10 * time.Second // then the next one
	maxChallenges = maxDaemons       // that count besides the present one
	candidateLife = 3 * time.Second  // without a hello
)

// maxEchoes bounds the echoes of a hello: one for each life that may have to
// be convinced.
const maxEchoes = maxDaemons * (maxCandidates + 1)

// never is a time long before any other; now-never does not overflow.
const never = Time(-1 << 61)

// life is one life of another daemon, named by its incarnation. It is a
// candidate until it has echoed a challenge of mine (SEC-6).
type life struct {
	short  uint64
	keys   subkeys
	window window

	challenge challenge // its latest
	echoed    challenge // what my last hello echoed to it
	lastHello Time
	helloID   uint32 // the latest one read
	hellos    reassembly
	parts     reassembly
	paired    bool // all networks shared with it have worked at one time
	// forked: it has used a counter for two packets.
	forked bool
	// sealedWith is the key of the last packet accepted.
	sealedWith uint8

	// Of a candidate: when it first echoed a challenge of mine, and the counter
	// with which it did.
	freshAt Time
	floor   uint64

	hearing
	freshness
}

func newLife(sender DaemonID, inc Incarnation) *life {
	return &life{
		short:     inc.Short(),
		keys:      subkeys{sender: sender, inc: inc},
		window:    newWindow(windowCandidate),
		hellos:    reassembly{sets: maxHelloSets},
		parts:     reassembly{sets: maxOpenSets},
		lastHello: never,
		freshAt:   never,
		hearing:   hearing{lastHeard: never},
		freshness: freshness{raised: never, marked: never},
	}
}

// identity is what is known of a daemon's lives.
type identity struct {
	life       *life   // the proven one, or nil
	candidates []*life // not yet proven or not yet admitted, in order of coming
	superseded [maxSuperseded]uint64
	replaced   int  // lives superseded so far
	duplicate  Time // last time two lives were seen to talk at once
	// provedSince is when the present life was let in: a challenge from before
	// proves nothing any more, for lives that ended before may have echoed it.
	provedSince Time
	witness     witness
	ledger      ledger
}

func (d *identity) isSuperseded(short uint64) bool {
	for i := range min(d.replaced, maxSuperseded) {
		if d.superseded[i] == short {
			return true
		}
	}
	return false
}

// supersede notes a life that another one replaces, which is superseded no
// longer if it was.
func (d *identity) supersede(old, by uint64) {
	for i := range min(d.replaced, maxSuperseded) {
		if d.superseded[i] == by {
			d.superseded[i] = old
			return
		}
	}
	d.superseded[d.replaced%maxSuperseded] = old
	d.replaced++
}

func (d *identity) candidate(inc Incarnation) *life {
	for _, l := range d.candidates {
		if l.keys.inc == inc {
			return l
		}
	}
	return nil
}

// addCandidate enters an authenticated life. If there is no room, one picked at
// random goes: an attacker that plays back recordings of many dead lives must
// not be able to keep the living one out for good.
func (m *Multipath) addCandidate(d *daemon, l *life) {
	if len(d.candidates) >= maxCandidates {
		var pick [1]byte
		m.random(pick[:])
		d.removeCandidate(int(pick[0]) % len(d.candidates))
	}
	d.candidates = append(d.candidates, l)
}

func (d *identity) removeCandidate(i int) {
	d.candidates = append(d.candidates[:i], d.candidates[i+1:]...)
}

// expireCandidates forgets lives that have not said hello for a while:
// recordings, or daemons that died before they were proven.
func (d *identity) expireCandidates(now Time) {
	for i := len(d.candidates) - 1; i >= 0; i-- {
		if now-d.candidates[i].lastHello > candidateLife {
			d.removeCandidate(i)
		}
	}
}

// freshness tells packets that come in time from those that a network brings
// long after the sender sent later ones. Without it a network that is 5 s late
// would keep a dead daemon alive for 5 s (protocol rule 4).
type freshness struct {
	raised       Time // when highest last rose
	marked       Time // when mark was taken
	mark, before uint64
}

// stale tells whether a packet is older than about a quarter of the failure
// detection time. It is asked before the window takes the packet.
func (f *freshness) stale(now Time, counter, highest uint64, age time.Duration) bool {
	if now-f.marked >= age {
		f.before, f.mark, f.marked = f.mark, highest, now
	}
	if counter > highest {
		f.raised = now
		return false
	}
	return counter <= f.before || now-f.raised >= age
}

// challenges are the values this daemon wants to see again before it believes
// that a life is alive now.
type challenges struct {
	current challenge
	renewed Time            // when it was new
	past    []pastChallenge // that still count, the oldest first
}

type pastChallenge struct {
	challenge
	made Time
}

// accepts tells whether a challenge that was made since a time is echoed.
func (c *challenges) accepts(echoes []challenge, since Time) bool {
	for _, e := range echoes {
		if e == c.current && c.renewed >= since {
			return true
		}
		for i := range c.past {
			if e == c.past[i].challenge && c.past[i].made >= since {
				return true
			}
		}
	}
	return false
}

func (m *Multipath) newChallenge() (c challenge) {
	m.random(c[:])
	return c
}

// renewChallenge changes the challenge every 10 s. One fixed at start would
// let a recording of a dead life be replayed (protocol rule 1).
func (m *Multipath) renewChallenge(now Time) {
	if now-m.challenges.renewed >= challengeLife {
		m.nextChallenge(now)
	}
}

// nextChallenge makes a new challenge. Earlier ones count for twice the time
// one is in use; after a pause they are no proof of freshness either.
func (m *Multipath) nextChallenge(now Time) {
	c := &m.challenges
	c.past = append(c.past, pastChallenge{c.current, c.renewed})
	c.past = slices.DeleteFunc(c.past, func(p pastChallenge) bool { return now-p.made >= 2*challengeLife })
	if len(c.past) > maxChallenges {
		c.past = slices.Delete(c.past, 0, len(c.past)-maxChallenges)
	}
	c.current, c.renewed = m.newChallenge(), now
}

// leastSilence is more than a daemon with little to say is silent: its probes
// come every tick.
const leastSilence = tickInterval + 20*time.Millisecond

// succession is how long a life must have been silent for another to take its
// place: a quarter of the failure detection time (protocol rule 1), but longer
// than a living daemon ever is.
func succession(fd time.Duration) time.Duration {
	if fd < 2*helloMost {
		return fd / 4 // hellos come faster then
	}
	return max(fd/4, leastSilence)
}

// admit decides on a candidate that has proven itself: at once if the daemon
// has no life, and otherwise when the old one has been silent for long enough. If both talk, the newer one is refused (rule 1).
// The other candidates then have to prove themselves again, with a challenge
// that only who lives now can know: a life that came and went before this one
// must not take its place when this one is silent for a moment.
//
// The same holds for a life that was superseded before. It is let in again only
// if it answers a challenge that was new when its successor was let in, which no
// recording of it can, and if the successor is silent. Otherwise, of two machines
// with one name, the second could shut the first out for good by being heard for
// a moment in which the first is not (SCN-26).
func (m *Multipath) admit(now Time, d *daemon, l *life) bool {
	old := d.life
	if old != nil {
		if now-old.lastHeard < m.silence {
			return false
		}
		d.supersede(old.short, l.short)
	}
	m.nextChallenge(now)
	d.provedSince = now
	d.candidates = slices.DeleteFunc(d.candidates, func(c *life) bool { return c == l })
	for _, c := range d.candidates {
		c.freshAt = never
	}
	d.life = l
	l.window.grow(windowStart)
	l.window.raiseFloor(l.floor)
	l.lastHeard, l.heard, l.since = now, true, now
	m.watch(now + m.hearingTime)
	for i := range d.paths {
		d.paths[i].renew(m.networks[i])
		m.tracePath(now, d, m.networks[i])
	}
	m.changed()
	m.helloSoon(now)
	return true
}

// admitWaiting admits candidates whose predecessor has fallen silent since; of
// several the one heard last. One that has not been heard since its predecessor
// was may be dead as well, and waits until it is.
func (m *Multipath) admitWaiting(now Time) {
	for _, d := range m.daemons {
		d.expireCandidates(now)
		if d.self {
			continue
		}
		var latest *life
		for _, l := range d.candidates {
			if l.freshAt != never && (d.life == nil || l.lastHello > d.life.lastHeard) && (latest == nil || l.lastHello > latest.lastHello) {
				latest = l
			}
		}
		if latest != nil {
			m.admit(now, d, latest)
		}
	}
}
