package sim

import (
	"encoding/gob"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"mpspread/groups"
	"mpspread/internal/check"
	"mpspread/ring"
)

// otherBuild connects to a server in this process. Its connection can be cut.
func otherBuild(t *testing.T) (p *Peer, cut func()) {
	t.Helper()
	callsIn, callsOut := io.Pipe()
	answersIn, answersOut := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := Serve(callsIn, answersOut)
		answersOut.Close()
		callsIn.Close()
		ended <- err
	}()
	cut = func() { callsOut.Close() }
	t.Cleanup(func() {
		cut()
		if err := <-ended; err != nil && !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("the server ended: %v", err)
		}
	})
	p, err := NewPeer(answersIn, callsOut)
	if err != nil {
		t.Fatal(err)
	}
	return p, cut
}

// A run some of whose daemons live on the other side of a connection is the
// run that it is in one process, to the bit.
func TestOtherBuildOfTheSame(t *testing.T) {
	bothModes(t, func(t *testing.T, mode Mode) {
		peer, _ := otherBuild(t)
		cores := 0
		for seed := uint64(3); seed <= 5; seed++ {
			p := Draw(seed, StyleOf(seed), mode)
			p.RunFor = min(p.RunFor, 3*time.Second)
			alone := Run(p, Options{})
			both := Run(p, Options{Other: peer})
			cores += peer.cores
			if alone.Violation != nil || both.Violation != nil || both.Digest != alone.Digest || both.Events != alone.Events {
				t.Errorf("seed %d: %v, %v; %d events, %d with the other build", seed, alone.Violation, both.Violation, alone.Events, both.Events)
			}
		}
		if cores == 0 {
			t.Error("no daemon was of the other build")
		}
	})
}

func TestOtherBuildTellsErrorsApart(t *testing.T) {
	for _, err := range []error{nil, ring.ErrWindowFull, groups.ErrNotUnique, groups.ErrNoSession} {
		if got := errorNamed(errorText(err)); got != err {
			t.Errorf("%v came back as %v", err, got)
		}
	}
	if got := errorNamed(errorText(errors.New("another"))); got == nil || got.Error() != "another" {
		t.Errorf("an error of its own came back as %v", got)
	}
}

// What goes wrong over there is found, and named.
func TestOtherBuildThatFails(t *testing.T) {
	p := NewPlan(RingMode, 4, 1)
	peer, cut := otherBuild(t)
	cut()
	peer.out = gob.NewEncoder(io.Discard)
	w := newWorld(p, Options{Other: peer})
	w.run()
	if v := w.checker.Verdict(); v == nil || v.Property != check.RNG6 || !strings.Contains(v.Text, "does not answer") {
		t.Errorf("the connection is cut: %v", v)
	}

	peer, _ = otherBuild(t)
	c := ring.Config{Self: ring.Process{Daemon: 9}, Daemons: []ring.DaemonID{1}, FailureDetection: time.Second, PayloadSize: 1400}
	defer func() {
		if text, _ := recover().(string); !strings.Contains(text, "in the other build") {
			t.Errorf("a panic over there came back as %q", text)
		}
	}()
	peer.newRing(c)
}

func TestOtherBuildOfAnotherProtocol(t *testing.T) {
	in, out := io.Pipe()
	go func() {
		if err := gob.NewEncoder(out).Encode(peerGreeting{peerVersion + 1}); err != nil {
			t.Error(err)
		}
	}()
	if _, err := NewPeer(in, io.Discard); err == nil || !strings.Contains(err.Error(), "version") {
		t.Errorf("another version: %v", err)
	}
	if err := Serve(strings.NewReader("nonsense"), io.Discard); err == nil {
		t.Error("nonsense was served")
	}
	if _, err := NewPeer(strings.NewReader(""), io.Discard); err == nil {
		t.Error("nobody answered, and was accepted")
	}
}
