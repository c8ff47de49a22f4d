package sim

import (
	"fmt"
	"io"
)

// Mark is a situation that must occur sometimes: a batch in which one never did
// has not tested what it is about (correctness reference 5.6).
type Mark uint8

// The marks.
const (
	TokenDuplicate Mark = iota
	StaleBy1
	StaleBy15
	StaleBy16
	StaleBy17
	StaleBy255
	StaleBy256
	StaleBy257
	StaleBy65536
	RequestBelowStable
	HoleInTransitional
	SafeInTransitional
	CommitInterrupted
	RecoveryInterrupted
	ReportedInterrupted
	TwoInterrupted
	ThreeWayMerge
	RestartUnnoticed
	CounterLower
	SeqPassed31
	SeqPassed32
	RoundPassed31
	RoundPassed32
	CounterPassed31
	CounterPassed32
	WindowFull
	ReassemblyAbandoned
	ExchangeInterrupted
	OverflowClosed
	RotatedInRecovery
	LastPathA
	LastPathB
	LastPathC
	LastPathD
	RevertNoticed
	markCount // how many there are
)

var markNames = [markCount]string{
	TokenDuplicate:      "token duplicate rejected",
	StaleBy1:            "token stale by 1 rotation rejected",
	StaleBy15:           "token stale by 15 rotations rejected",
	StaleBy16:           "token stale by 16 rotations rejected",
	StaleBy17:           "token stale by 17 rotations rejected",
	StaleBy255:          "token stale by 255 rotations rejected",
	StaleBy256:          "token stale by 256 rotations rejected",
	StaleBy257:          "token stale by 257 rotations rejected",
	StaleBy65536:        "token stale by 65536 rotations rejected",
	RequestBelowStable:  "retransmission request below the stable mark ignored",
	HoleInTransitional:  "hole in a transitional configuration",
	SafeInTransitional:  "safe message delivered in a transitional configuration",
	CommitInterrupted:   "formation interrupted while the commit token went round",
	RecoveryInterrupted: "recovery interrupted before all was recovered",
	ReportedInterrupted: "recovery interrupted after all was reported recovered",
	TwoInterrupted:      "two recoveries interrupted in a row",
	ThreeWayMerge:       "three-way merge",
	RestartUnnoticed:    "daemon restarted before its loss was noticed",
	CounterLower:        "packet counter of a new life lower than of the old",
	SeqPassed31:         "sequence number passed 2^31",
	SeqPassed32:         "sequence number passed 2^32",
	RoundPassed31:       "token number passed 2^31",
	RoundPassed32:       "token number passed 2^32",
	CounterPassed31:     "packet counter passed 2^31",
	CounterPassed32:     "packet counter passed 2^32",
	WindowFull:          "window full",
	ReassemblyAbandoned: "reassembly abandoned",
	ExchangeInterrupted: "group exchange interrupted",
	OverflowClosed:      "client closed for overflow in the middle of a view",
	RotatedInRecovery:   "key rotated during recovery",
	LastPathA:           "network A lost while it was the only one of a pair",
	LastPathB:           "network B lost while it was the only one of a pair",
	LastPathC:           "network C lost while it was the only one of a pair",
	LastPathD:           "network D lost while it was the only one of a pair",
	RevertNoticed:       "machine put back, and noticed",
}

// String says what the situation is.
func (m Mark) String() string { return markNames[m] }

// Marks counts how often each situation occurred.
type Marks [markCount]uint64

// Add adds the counts of another run.
func (m *Marks) Add(other *Marks) {
	for i := range m {
		m[i] += other[i]
	}
}

// Never lists the situations that never occurred.
func (m *Marks) Never() []Mark {
	var list []Mark
	for i, n := range m {
		if n == 0 {
			list = append(list, Mark(i))
		}
	}
	return list
}

// Print writes how often each situation occurred, those that never did at the
// end.
func (m *Marks) Print(w io.Writer) {
	for i, n := range m {
		if n > 0 {
			fmt.Fprintf(w, "sometimes: %9d  %s\n", n, Mark(i))
		}
	}
	for _, never := range m.Never() {
		fmt.Fprintf(w, "sometimes:     NEVER  %s\n", never)
	}
}
