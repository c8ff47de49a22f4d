//go:build linux

package labnet

import (
	"math/rand/v2"
	"time"
)

// Policy is what a Relay does to the frames of one path. The zero Policy
// passes all on at once. Shares are from 0 to 1 and drawn for each frame.
type Policy struct {
	// Delay is how much later every frame comes. Swing is added to it, rising
	// from 0 to all of it and falling back within each Period. Neither changes
	// the order of frames.
	Delay, Swing, Period time.Duration
	// Jitter is a random time from 0 up to it, added to the share Reorder of
	// the frames (0: to all); frames overtake one another by it.
	Jitter  time.Duration
	Reorder float64
	// Loss is the share of frames lost.
	Loss float64
	// Duplicate is the share of frames that come Copies times more (default
	// 1), by CopyDelay later: with minutes of it, ghosts of the past.
	Duplicate float64
	Copies    int
	CopyDelay time.Duration
	// Corrupt is the share of datagrams damaged: a bit turned, cut short, made
	// longer, or the end of another one's. The damage passes the checksums of
	// UDP and IP.
	Corrupt float64
	// Rate is how many bytes a second pass, Queue how many may wait for that
	// (default 64 KiB): more is lost, so that the end of a burst is. 0: no
	// limit.
	Rate, Queue int
}

// defaultQueue is the queue of a small switch.
const defaultQueue = 64 << 10

// RelayCounts is what a Relay did to frames.
type RelayCounts struct {
	Frames    uint64 // that came
	Lost      uint64 // drawn by Loss
	Overflown uint64 // by Queue, or by the relay's memory
	Refused   uint64 // by the port: the host's link was down
	Displaced uint64 // by Jitter
	Copies    uint64 // made
	Corrupted uint64
	Sent      uint64 // copies included
}

func (c *RelayCounts) add(o RelayCounts) {
	c.Frames += o.Frames
	c.Lost += o.Lost
	c.Overflown += o.Overflown
	c.Refused += o.Refused
	c.Displaced += o.Displaced
	c.Copies += o.Copies
	c.Corrupted += o.Corrupted
	c.Sent += o.Sent
}

// shaper carries out the Policy of one path. Times are since the relay's start.
type shaper struct {
	policy Policy
	random *rand.Rand
	free   time.Duration // when all that passed before is through, at Rate
	last   time.Duration // when the latest frame in order is due
	counts RelayCounts
}

// arrival is when a frame, or a copy of it, reaches the other end.
type arrival struct {
	due     time.Duration
	corrupt bool
}

// shape appends the arrivals of a frame that came now.
func (s *shaper) shape(now time.Duration, size int, out []arrival) []arrival {
	p := &s.policy
	s.counts.Frames++
	if s.chosen(p.Loss) {
		s.counts.Lost++
		return out
	}
	through, ok := s.pass(now, size)
	if !ok {
		s.counts.Overflown++
		return out
	}
	s.last = max(s.last, through+p.Delay+p.swing(now))
	due := s.last
	if p.Jitter > 0 && (p.Reorder == 0 || s.chosen(p.Reorder)) {
		due += time.Duration(s.random.Float64() * float64(p.Jitter))
		s.counts.Displaced++
	}
	out = append(out, arrival{due, s.chosen(p.Corrupt)})
	if s.chosen(p.Duplicate) {
		for range max(1, p.Copies) {
			out = append(out, arrival{due: due + p.CopyDelay})
			s.counts.Copies++
		}
	}
	return out
}

// chosen draws; a share of 0 takes no number from the sequence.
func (s *shaper) chosen(share float64) bool { return share > 0 && s.random.Float64() < share }

// pass is when a frame has passed the limit of Rate; false if its queue is
// full.
func (s *shaper) pass(now time.Duration, size int) (time.Duration, bool) {
	if s.policy.Rate == 0 {
		return now, true
	}
	queue := s.policy.Queue
	if queue == 0 {
		queue = defaultQueue
	}
	begin := max(now, s.free)
	if s.takes(queue) < begin-now+s.takes(size) {
		return 0, false
	}
	s.free = begin + s.takes(size)
	return s.free, true
}

// takes is how long so many bytes take at Rate.
func (s *shaper) takes(bytes int) time.Duration {
	return time.Duration(float64(bytes) / float64(s.policy.Rate) * float64(time.Second))
}

// swing is the varying part of the delay: a triangle.
func (p *Policy) swing(now time.Duration) time.Duration {
	if p.Period == 0 {
		return 0
	}
	at := 2 * float64(now%p.Period) / float64(p.Period)
	if at > 1 {
		at = 2 - at
	}
	return time.Duration(at * float64(p.Swing))
}
