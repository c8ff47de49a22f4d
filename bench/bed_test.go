//go:build linux

package main

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

func needBed(t *testing.T) {
	t.Helper()
	for _, tool := range []string{"ip", "tc"} {
		if _, err := exec.LookPath(tool); err != nil || os.Geteuid() != 0 {
			t.Skip("needs root, ip and tc")
		}
	}
}

// Every way to send and receive carries something, and no cable of the wire
// bed more than its rate.
func TestFloor(t *testing.T) {
	needBed(t)
	for _, mode := range []string{ideal, wire} {
		b, err := newBed(t.TempDir(), mode, 3, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range floors {
			s, err := b.floor(t.Context(), f, 300*time.Millisecond)
			if err != nil {
				t.Errorf("%s, %s: %v", mode, f.called, err)
				continue
			}
			// What was queued at the end arrives after it.
			const most = 1.25 * wireRate / 8
			if got := s.Result.BytesPerSecond; got <= 0 || mode == wire && got > most {
				t.Errorf("%s, %s: %.0f bytes/s over one network", mode, f.called, got)
			}
		}
		if err := b.close(); err != nil {
			t.Error(err)
		}
	}
}

// Our daemons on a bed, a load through them with and without a cut.
func TestOurs(t *testing.T) {
	needBed(t)
	if testing.Short() {
		t.Skip("runs three daemons for seconds")
	}
	o := options{contenders: []string{ours, oursSealed}}
	contenders, err := o.find(t.Context(), t.TempDir())
	if err != nil || len(contenders) != 2 {
		t.Fatalf("%v, %v", contenders, err)
	}
	b, err := newBed(t.TempDir(), wire, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.close(); err != nil {
			t.Error(err)
		}
	}()
	r := newRecord(o)
	loads := []load{
		{name: "a", size: 1350, duration: time.Second, warmup: 200 * time.Millisecond},
		{name: "b", size: 200, rate: 500, cut: true, senders: 2, duration: 2 * time.Second, warmup: 200 * time.Millisecond, only: []string{ours}},
	}
	for _, c := range contenders {
		// Whatever else this machine does: the bed is looked at here, not how
		// soon the daemons give one another up.
		c.(*spread).detection = 5 * time.Second
		if err := b.round(t.Context(), c, loads, 0, r); err != nil {
			t.Fatal(err)
		}
	}
	if len(r.Samples) != 3 {
		t.Errorf("%d samples", len(r.Samples))
	}
	for _, s := range r.Samples {
		if s.Result == nil || s.Result.CPUSeconds <= 0 {
			t.Errorf("%+v", s)
		}
	}
}
