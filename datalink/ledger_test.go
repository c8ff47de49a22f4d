package datalink

import (
	"errors"
	"net/netip"
	"testing"
)

func TestLedgerNamesTheLastError(t *testing.T) {
	var l ledger
	if got := l.lastError(); got != "" {
		t.Errorf("before any error: %q", got)
	}
	a, b := netip.MustParseAddrPort("10.77.1.2:4803"), netip.MustParseAddrPort("[fd00::2]:4803")
	steps := []struct {
		do   func()
		want string
	}{
		{func() { l.sendFailed(errors.New("message too long"), a, 9000, 1) }, "send of 9000 bytes to 10.77.1.2:4803: message too long"},
		{func() { l.sendFailed(errors.New("no buffer space available"), b, 100, 1) }, "send of 100 bytes to [fd00::2]:4803: no buffer space available"},
		{func() { l.sendFailed(errDown, netip.AddrPort{}, 100, 1) }, "send of 100 bytes: the network is down"},
		{func() { l.fail(failure{op: "socket", err: errors.New("network is down")}) }, "socket: network is down"},
	}
	for _, s := range steps {
		s.do()
		if got := l.lastError(); got != s.want {
			t.Errorf("last error %q, want %q", got, s.want)
		}
	}
	if l.sendErrors != 3 {
		t.Errorf("%d send errors, want 3", l.sendErrors)
	}
	again := func() { l.sendFailed(errDown, a, 100, 1) }
	again()
	if n := testing.AllocsPerRun(100, again); n != 0 {
		t.Errorf("an error that repeats allocates %v times", n)
	}
}
