package demo

import (
	"strings"
	"testing"
	"time"
)

func good() Verdict {
	return Verdict{Sent: 100, Delivered: 300, Receivers: 3, LongestGap: 12 * time.Millisecond}
}

func TestVerdictOK(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Verdict)
		ok     bool
	}{
		{"good", func(*Verdict) {}, true},
		{"long gap only", func(v *Verdict) { v.LongestGap = time.Hour }, true},
		{"nothing sent", func(v *Verdict) { v.Sent, v.Delivered = 0, 0 }, false},
		{"not all delivered", func(v *Verdict) { v.Delivered-- }, false},
		{"more delivered than sent", func(v *Verdict) { v.Delivered++ }, false},
		{"lost", func(v *Verdict) { v.Lost = 1 }, false},
		{"duplicated", func(v *Verdict) { v.Duplicated = 1 }, false},
		{"out of order", func(v *Verdict) { v.OutOfOrder = 1 }, false},
		{"damaged", func(v *Verdict) { v.Damaged = 1 }, false},
		{"membership", func(v *Verdict) { v.MembershipChanges = 1 }, false},
		{"unnoticed", func(v *Verdict) { v.Unnoticed = []string{"network B CUT"} }, false},
		{"failure", func(v *Verdict) { v.Failures = []string{"daemon h1 ended"} }, false},
	} {
		v := good()
		c.change(&v)
		if v.OK() != c.ok {
			t.Errorf("%s: OK is %v", c.name, v.OK())
		}
		word := map[bool]string{true: "verdict: OK:", false: "verdict: FAILED:"}[c.ok]
		if !strings.HasPrefix(v.String(), word) {
			t.Errorf("%s: %s", c.name, v)
		}
	}
}

func TestVerdictLine(t *testing.T) {
	want := "verdict: OK: sent 100, delivered 300 (to 3 receivers each), lost 0, duplicated 0, out of order 0, membership changes 0, longest gap 12 ms"
	if got := good().String(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestJudge(t *testing.T) {
	a1, a2, b1 := entry{0, 1}, entry{0, 2}, entry{1, 1}
	for _, c := range []struct {
		name    string
		streams [][]entry
		want    Verdict // counts only
	}{
		{"all well", [][]entry{{a1, b1, a2}, {a1, b1, a2}, {a1, b1, a2}}, Verdict{Sent: 3, Delivered: 9, Receivers: 3}},
		{"lost at one", [][]entry{{a1, b1, a2}, {a1, a2}, {a1, b1, a2}}, Verdict{Sent: 3, Delivered: 8, Receivers: 3, Lost: 1}},
		{"lost at all", [][]entry{{a1, a2}, {a1, a2}, {a1, a2}}, Verdict{Sent: 3, Delivered: 6, Receivers: 3, Lost: 3}},
		{"twice at one", [][]entry{{a1, b1, a2}, {a1, b1, a2, a2}, {a1, b1, a2}}, Verdict{Sent: 3, Delivered: 9, Receivers: 3, Duplicated: 1}},
		{"order of senders", [][]entry{{a1, b1, a2}, {a1, b1, a2}, {b1, a1, a2}}, Verdict{Sent: 3, Delivered: 9, Receivers: 3, OutOfOrder: 2}},
		{"order within a sender, the same at all", [][]entry{{a2, a1, b1}, {a2, a1, b1}}, Verdict{Sent: 3, Delivered: 6, Receivers: 2, OutOfOrder: 2}},
	} {
		var tallies []*tally
		for _, s := range c.streams {
			tally := feed(s...)
			tally.longestGap = 0
			tallies = append(tallies, tally)
		}
		if got := judge([]uint64{2, 1}, tallies); got.String() != c.want.String() {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
	}
}
