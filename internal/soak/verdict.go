package soak

import (
	"fmt"
	"strings"
	"time"

	"mpspread/internal/traffic"
)

// Mark is a number of packets and when it was passed.
type Mark struct {
	Packets uint64        `json:"packets"`
	After   time.Duration `json:"after_ns"`
}

// Verdict is what became of everything that was sent.
type Verdict struct {
	// Packets counts distinct data packets the daemons put into their order:
	// copies on several networks and retransmissions are not counted. Against
	// daemons of the user's it counts messages.
	Packets uint64 `json:"packets"`
	// Wanted is how many it was to be.
	Wanted uint64 `json:"wanted"`
	// Sent counts messages multicast; Delivered those that came, over all
	// receivers, duplicates left out: with nothing lost it is Sent times
	// Receivers.
	Sent      uint64 `json:"sent"`
	Delivered uint64 `json:"delivered"`
	Receivers int    `json:"receivers"`
	// Lost, Duplicated, OutOfOrder and Damaged are summed over all receivers.
	Lost       uint64 `json:"lost"`
	Duplicated uint64 `json:"duplicated"`
	OutOfOrder uint64 `json:"out_of_order"`
	Damaged    uint64 `json:"damaged"`
	// Hash is over the whole sequence of messages, the same at all receivers
	// if none is in Parted.
	Hash   uint64 `json:"hash"`
	Parted []int  `json:"parted,omitempty"`
	// Retransmitted and Stale count packets sent again and tokens rejected as
	// stale by the daemons, to show that the networks were bad.
	Retransmitted uint64 `json:"retransmitted"`
	Stale         uint64 `json:"stale_tokens"`
	// MembershipChanges between the first message and the last: the most that
	// any daemon counted, or that any client was told of.
	MembershipChanges uint64        `json:"membership_changes"`
	LongestGap        time.Duration `json:"longest_gap_ns"`
	Took              time.Duration `json:"took_ns"`
	// Rounds of the course that were begun.
	Rounds int    `json:"rounds"`
	Marks  []Mark `json:"marks"`
	// Interrupted: it was ended before as many packets as wanted had gone
	// through.
	Interrupted bool `json:"interrupted,omitempty"`
	// Failures is what else went wrong, such as a daemon that ended.
	Failures []string `json:"failures,omitempty"`
}

// judge fills in what the clients saw, after they have ended.
func (v *Verdict) judge(l *load) {
	var sent []uint64
	for _, w := range l.clients {
		sent = append(sent, w.sent.Load())
		v.Sent += w.sent.Load()
	}
	v.Receivers = len(l.clients)
	for i, w := range l.clients {
		v.Delivered += w.stream.Came()
		v.Lost += w.stream.Missing(sent)
		v.Duplicated += w.stream.Duplicated
		v.OutOfOrder += w.stream.Behind
		v.Damaged += w.stream.Damaged
		v.MembershipChanges = max(v.MembershipChanges, w.changes)
		v.LongestGap = max(v.LongestGap, time.Duration(w.gap.Load()))
		if at, parted := traffic.Parted(l.clients[0].stream, w.stream); parted {
			v.Parted = append(v.Parted, i)
			v.Failures = append(v.Failures, fmt.Sprintf("the client at %s had another order than the one at %s within the first %d messages", w.address, l.clients[0].address, at))
		}
		if w.rejected > 0 {
			v.Failures = append(v.Failures, fmt.Sprintf("the daemon at %s refused %d requests", w.address, w.rejected))
		}
	}
	v.Hash = l.clients[0].stream.Hash()
}

// OK tells whether as many packets as wanted went through, and every message
// came to all, once, in one order, and no membership changed.
func (v *Verdict) OK() bool {
	return !v.Interrupted && v.Packets >= v.Wanted && v.Sent > 0 && v.clean()
}

// clean tells whether all is well with what was sent.
func (v *Verdict) clean() bool {
	return v.Delivered == v.Sent*uint64(v.Receivers) &&
		v.Lost == 0 && v.Duplicated == 0 && v.OutOfOrder == 0 && v.Damaged == 0 && len(v.Parted) == 0 &&
		v.MembershipChanges == 0 && len(v.Failures) == 0
}

// String is the verdict line, after a line for each thing that went wrong.
func (v *Verdict) String() string {
	word := "FAILED"
	switch {
	case v.OK():
		word = "OK"
	case v.Interrupted && v.clean():
		word = "INTERRUPTED, all well until then"
	case v.Interrupted:
		word = "FAILED, INTERRUPTED"
	}
	var b strings.Builder
	for _, f := range v.Failures {
		fmt.Fprintf(&b, "  %s\n", f)
	}
	fmt.Fprintf(&b, "verdict: %s: %d packets of %d in %v, %d messages sent, %d delivered (to %d receivers each), lost %d, duplicated %d, out of order %d, damaged %d, ",
		word, v.Packets, v.Wanted, v.Took.Round(time.Second), v.Sent, v.Delivered, v.Receivers, v.Lost, v.Duplicated, v.OutOfOrder, v.Damaged)
	if len(v.Parted) == 0 {
		fmt.Fprintf(&b, "one sequence (hash %016x)", v.Hash)
	} else {
		fmt.Fprintf(&b, "%d other sequences", len(v.Parted))
	}
	fmt.Fprintf(&b, ", membership changes %d, longest gap %d ms, %d packets sent again, %d stale tokens rejected, %d rounds of the course",
		v.MembershipChanges, v.LongestGap.Milliseconds(), v.Retransmitted, v.Stale, v.Rounds)
	for _, m := range v.Marks {
		fmt.Fprintf(&b, ", mark of %d passed after %v", m.Packets, m.After.Round(time.Millisecond))
	}
	return b.String()
}
