package soak

import (
	"strings"
	"testing"
	"time"
)

func TestVerdict(t *testing.T) {
	good := Verdict{Packets: 10, Wanted: 10, Sent: 20, Delivered: 60, Receivers: 3, Hash: 0xabc, Took: time.Minute}
	if !good.OK() || !strings.HasPrefix(good.String(), "verdict: OK: 10 packets of 10 in 1m0s, 20 messages sent, 60 delivered (to 3 receivers each), lost 0,") {
		t.Errorf("%s", &good)
	}
	for name, spoil := range map[string]func(*Verdict){
		"too few packets":   func(v *Verdict) { v.Packets = 9 },
		"nothing sent":      func(v *Verdict) { v.Sent, v.Delivered = 0, 0 },
		"not all delivered": func(v *Verdict) { v.Delivered = 59 },
		"lost":              func(v *Verdict) { v.Lost = 1 },
		"duplicated":        func(v *Verdict) { v.Duplicated = 1 },
		"out of order":      func(v *Verdict) { v.OutOfOrder = 1 },
		"damaged":           func(v *Verdict) { v.Damaged = 1 },
		"parted":            func(v *Verdict) { v.Parted = []int{2} },
		"membership":        func(v *Verdict) { v.MembershipChanges = 1 },
		"failure":           func(v *Verdict) { v.Failures = []string{"x"} },
	} {
		v := good
		spoil(&v)
		if v.OK() || !strings.Contains(v.String(), "verdict: FAILED: ") {
			t.Errorf("%s: %s", name, &v)
		}
	}
}

// An interrupted soak is none that passed, whatever it has seen.
func TestVerdictOfAPart(t *testing.T) {
	part := Verdict{Interrupted: true, Packets: 9, Wanted: 10, Sent: 20, Delivered: 60, Receivers: 3}
	if part.OK() || !strings.HasPrefix(part.String(), "verdict: INTERRUPTED, all well until then: 9 packets of 10 in ") {
		t.Errorf("%s", &part)
	}
	part.Lost = 1
	if part.OK() || !strings.HasPrefix(part.String(), "verdict: FAILED, INTERRUPTED: ") {
		t.Errorf("%s", &part)
	}
}

func TestProgress(t *testing.T) {
	var b strings.Builder
	p := progress{out: &b, wanted: 1000}
	for _, s := range []state{
		{at: 0, phase: "p"},
		{at: 5 * time.Second, packets: 200, phase: "p"},
		{at: 10 * time.Second, packets: 250, phase: "q", changes: 1},
		{at: 20 * time.Second, packets: 1250, phase: "q", missing: 1},
	} {
		p.show(s)
	}
	p.end()
	want := "    0.0 s    0.0 %  0 packets  0/s  left ?  p  membership changes 0\n" +
		"   10.0 s   25.0 %  250 packets  25/s  left 30s  q  membership changes 1\n" +
		"   20.0 s  100.0 %  1250 packets  100/s  left 0s  q  membership changes 0  1 daemons do not answer\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
	b.Reset()
	p = progress{out: &b, wanted: 1000, terminal: true}
	p.show(state{phase: "p"})
	p.show(state{at: time.Second, packets: 500, phase: "p"})
	p.end()
	if got := b.String(); strings.Count(got, "\r\x1b[K") != 2 || !strings.HasSuffix(got, "500 packets  500/s  left 1s  p  membership changes 0\n") {
		t.Errorf("on a terminal: %q", got)
	}
}
