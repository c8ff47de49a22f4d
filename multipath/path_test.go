package multipath

import (
	"slices"
	"testing"
	"time"
)

// script drives one path of whose probes some are lost.
func script(p *path, now Time, came string) Time {
	number := p.loss.highest
	for _, c := range came {
		now += tickInterval
		number++
		if c != '.' {
			p.probed(now, &probe{interval: tickInterval, number: number}, 1472, c == 'L')
		}
		p.review(now, 1252)
	}
	return now
}

func TestPathStates(t *testing.T) {
	n := &network{headers: headersIPv4, Network: Network{PacketSize: 1472}}
	fifty := "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	for _, c := range []struct {
		name, came string
		want       PathState
	}{
		{"nothing", "....", PathSilent},
		{"one probe", "x", PathSilent},
		{"two probes", "xx", PathSilent},
		{"three probes", "xxx", PathOK},
		{"five missing", "xxx.....", PathLossy},
		{"six missing", "xxx......", PathSilent},
		{"silent, one again", "xxx......x", PathSilent},
		{"silent, then one now and then", "xxx......x......x......x", PathSilent},
		{"back", "xxx......xxx", PathOK},
		{"one lost early", "xxx.xxx", PathOK},
		{"two lost early", "xxx..xxx", PathOK},
		{"three lost", "xxx...xxx", PathLossy},
		{"three of a hundred", fifty + "..." + fifty, PathLossy},
		{"two of a hundred", fifty + ".." + fifty, PathOK},
		{"loss long ago", "xxx...xxx" + fifty + fifty + fifty, PathOK},
		{"lost while silent", fifty + "....................xxxxx", PathOK},
	} {
		p := newPath(n)
		p.sizes.add(0, 1472)
		now := script(&p, time.Minute, c.came)
		if got := p.state(now); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestPathDelay(t *testing.T) {
	n := &network{headers: headersIPv4}
	p := newPath(n)
	now := script(&p, time.Minute, "xxxLLLxL")
	if p.slow(100 * ms) {
		t.Error("slow after a few late probes among others")
	}
	now = script(&p, now, "LLL")
	if !p.slow(100 * ms) {
		t.Error("not slow after late probes only")
	}
	now = script(&p, now, "xxx")
	if !p.slow(100 * ms) {
		t.Error("no longer slow after a few")
	}
	script(&p, now, "x")
	if p.slow(100 * ms) {
		t.Error("still slow")
	}
	p.answered(190 * ms)
	if p.slow(100 * ms) {
		t.Error("slow at a round trip of less than twice the limit")
	}
	for range 40 {
		p.answered(250 * ms)
	}
	if !p.slow(100*ms) || p.rtt < 240*ms || p.rtt > 250*ms {
		t.Errorf("round trip %v", p.rtt)
	}
}

func TestSizeMeter(t *testing.T) {
	m := sizeMeter{width: 400 * ms}
	m.add(0, 1472)
	for now := Time(0); now < 2*time.Second; now += 100 * ms {
		m.add(now, 128)
		if got := m.largest(now); got != 1472 {
			t.Fatalf("%d at %v", got, now)
		}
	}
	if got := m.largest(2500 * ms); got != 128 {
		t.Errorf("%d after the memory's time", got)
	}
	if got := m.largest(time.Hour); got != 0 {
		t.Errorf("%d after an hour", got)
	}
}

// All sizes go out while searching, then once a second while one is wanting,
// then only the verified one.
func TestProbeSizes(t *testing.T) {
	w := newWorld(t, 2, 1)
	w.form()
	n := w.nodes[0].networks[0]
	w.run(5 * time.Second)
	if got := n.probeSizes(w.now, nil); !slices.Equal(got, []int{1472}) {
		t.Errorf("all is well: %v", got)
	}
	n.verified, n.lastSearch = 1252, never
	all := n.probeSizes(w.now, nil)
	if all[0] != 1252 || all[1] != 1472 || all[len(all)-1] != 268 || len(all) < 10 {
		t.Errorf("wanting: %v", all)
	}
	if got := n.probeSizes(w.now+searchEvery-1, nil); !slices.Equal(got, []int{1252}) {
		t.Errorf("wanting, soon after: %v", got)
	}
	if got := n.probeSizes(w.now+searchEvery, nil); len(got) != len(all) {
		t.Errorf("wanting, a second later: %v", got)
	}
	n.verified = 548
	if got := n.probeSizes(w.now+searchEvery+1, nil); !slices.Equal(got, []int{1252}) {
		t.Errorf("small: %v", got)
	}
}

func TestLossMeter(t *testing.T) {
	var l lossMeter
	l.restart(time.Minute)
	for i := range uint32(100) {
		if i%4 != 0 {
			l.add(time.Minute+Time(i)*100*ms, 1000+i)
		}
	}
	lost, expected := l.lost(time.Minute+9950*ms, 0)
	if share := l.share(time.Minute+9950*ms, 0); share < 0.23 || share > 0.27 || lost < 24 || lost*4 > expected*5 {
		t.Errorf("loss %v, %d of %d", share, lost, expected)
	}
	if share := l.share(time.Minute+9950*ms, 50); share < 0.4 {
		t.Errorf("loss %v with some overdue", share)
	}
	if lost, _ := l.lost(time.Hour, 0); lost != 0 || l.share(time.Hour, 0) != 0 {
		t.Errorf("%d lost after an hour", lost)
	}
	// Overtaking is no loss.
	l.restart(0)
	for _, i := range []uint32{1, 3, 2, 6, 5, 4} {
		l.add(0, i)
	}
	if lost, _ := l.lost(0, 0); lost != 0 {
		t.Errorf("%d lost by overtaking", lost)
	}
}
