package demo

import (
	"fmt"
	"strings"
	"time"
)

// Verdict is what became of everything that was sent.
type Verdict struct {
	// Sent counts messages multicast; Delivered those that came, over all
	// receivers, duplicates left out: with nothing lost it is Sent times
	// Receivers.
	Sent      uint64 `json:"sent"`
	Delivered uint64 `json:"delivered"`
	Receivers int    `json:"receivers"`
	// Lost, Duplicated, OutOfOrder and Damaged are summed over all receivers.
	// OutOfOrder counts messages that came behind a later one of the same
	// sender, and the places at which two receivers' streams differ.
	Lost       uint64 `json:"lost"`
	Duplicated uint64 `json:"duplicated"`
	OutOfOrder uint64 `json:"out_of_order"`
	Damaged    uint64 `json:"damaged"`
	// MembershipChanges between the first message and the last: the most that
	// any daemon counted, or that any client was told of.
	MembershipChanges uint64 `json:"membership_changes"`
	// LongestGap is the longest time a receiver waited between two messages.
	LongestGap time.Duration `json:"longest_gap_ns"`
	// Unnoticed are the cuts and healings that not all daemons reported.
	Unnoticed []string `json:"unnoticed,omitempty"`
	// Failures is what else went wrong, such as a daemon that ended.
	Failures []string `json:"failures,omitempty"`
}

// judge makes the verdict on the receivers' tallies; sent is by sender.
func judge(sent []uint64, tallies []*tally) Verdict {
	v := Verdict{Receivers: len(tallies)}
	for _, s := range sent {
		v.Sent += s
	}
	for i, t := range tallies {
		v.Delivered += uint64(len(t.stream))
		v.Lost += t.lost(sent)
		v.Duplicated += t.duplicated
		v.OutOfOrder += t.behind
		v.Damaged += t.damaged
		v.LongestGap = max(v.LongestGap, t.longestGap)
		if i > 0 {
			v.OutOfOrder += disagreements(tallies[0].stream, t.stream)
		}
	}
	return v
}

// OK tells whether the demonstration shows what it is to show: messages went,
// all came to all, once, in one order, no membership changed, and the
// operator was told of every cut.
func (v Verdict) OK() bool {
	return v.Sent > 0 && v.Delivered == v.Sent*uint64(v.Receivers) &&
		v.Lost == 0 && v.Duplicated == 0 && v.OutOfOrder == 0 && v.Damaged == 0 &&
		v.MembershipChanges == 0 && len(v.Unnoticed) == 0 && len(v.Failures) == 0
}

// String is the verdict line, and a line for each thing that went wrong
// besides.
func (v Verdict) String() string {
	word := "FAILED"
	if v.OK() {
		word = "OK"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "verdict: %s: sent %d, delivered %d (to %d receivers each), lost %d, duplicated %d, out of order %d, membership changes %d, longest gap %d ms",
		word, v.Sent, v.Delivered, v.Receivers, v.Lost, v.Duplicated, v.OutOfOrder, v.MembershipChanges, v.LongestGap.Milliseconds())
	if v.Damaged > 0 {
		fmt.Fprintf(&b, ", damaged %d", v.Damaged)
	}
	for _, u := range v.Unnoticed {
		fmt.Fprintf(&b, "\n  not reported by all daemons in time: %s", u)
	}
	for _, f := range v.Failures {
		fmt.Fprintf(&b, "\n  %s", f)
	}
	return b.String()
}
