//go:build !portable

package datalink

import (
	"runtime"
	"testing"
	"time"
)

func TestRest(t *testing.T) {
	var r rest
	if r.resting() {
		t.Error("rests before the first wait")
	}
	waits := func(n int, d time.Duration) {
		for range n {
			r.waited(d)
		}
	}
	for _, c := range []struct {
		name string
		n    int
		d    time.Duration
		want bool
	}{
		{"an idle ring", 20, 30 * time.Millisecond, true},
		{"a burst of packets", 20, 50 * time.Microsecond, true},
		{"load", 100, 500 * time.Microsecond, false},
		{"one long wait", 1, 10 * time.Millisecond, true},
		{"load again", 5, time.Millisecond, true},
		{"and more", 5, time.Millisecond, false},
	} {
		waits(c.n, c.d)
		if r.resting() != c.want {
			t.Errorf("%s: resting is %v with %v to spare", c.name, r.resting(), r.spare)
		}
	}
}

// A resting Wait holds no processor: others run on a single one, and the world
// can be stopped; a wake-up, a packet and a passed time end it.
func TestRestingWait(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	s := mustOpen(t, unicastOn(freePort(t), "127.0.0.1")).(*set)
	for range 50 {
		s.rest.spare = mostSpare
		woken := make(chan error)
		go func() { woken <- s.Wait(-1) }()
		runtime.GC()
		s.Wake()
		if err := <-woken; err != nil {
			t.Fatal(err)
		}
	}
	for began := time.Now(); time.Since(began) < 5*time.Millisecond; { // a Wait may end early
		s.rest.spare = mostSpare
		if err := s.Wait(5 * time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	s.Send([]Datagram{{Network: 0, To: s.networks[0].link.own, Data: []byte("x")}})
	s.rest.spare = mostSpare
	receive(t, s, 1)
}
