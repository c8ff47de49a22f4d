// Package demo shows the whole product on one machine without rights or
// files: three daemons in processes of their own on two loopback networks,
// clients that multicast in agreed order, and one network after the other cut
// and healed meanwhile (design 9). Every receiver checks what it gets; the
// Verdict says what became of every message.
//
// Run may be called once at a time in a process.
package demo

import "time"

// Phase is a part of the demonstration.
type Phase struct {
	// Cut are the names of the networks that are cut; all others are whole.
	Cut []string
	// For is how long the phase lasts. A phase whose networks the daemons
	// have not yet noticed as dead, or whole, lasts up to noticeLimit longer.
	For time.Duration
}

// noticeLimit bounds how long a phase waits for the daemons to notice it.
const noticeLimit = 2 * time.Second

// Plan is the usual course: less than 20 s with start and end, of which two
// are spent waiting for daemons and the last messages.
func Plan() []Phase {
	return []Phase{
		{For: 2 * time.Second},
		{Cut: []string{"B"}, For: 3 * time.Second},
		{For: 2 * time.Second},
		{Cut: []string{"A"}, For: 3 * time.Second},
		{For: 2 * time.Second},
	}
}
