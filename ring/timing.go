package ring

import (
	"math"
	"time"
)

// NoDeadline is what Deadline returns while nothing is pending.
const NoDeadline Time = math.MaxInt64

// timing holds the durations that derive from the one setting,
// failure_detection (design 5).
type timing struct {
	loss        time.Duration // no evidence of the token: the ring is lost
	minResend   time.Duration // bounds of the per-hop token resend timer (rule 4)
	maxResend   time.Duration
	maxWaking   time.Duration // how much longer than that the hosts may take to wake up
	hold        time.Duration // how long an idle token rests; below fd/4 (rule 4)
	maxLag      time.Duration // bound of the delay allowed to late first copies (rule 5)
	join        time.Duration // between joins in Gather
	settle      time.Duration // quiet time before a proposal is formed
	gatherWait  time.Duration // how long to wait for the joins of those still heard
	commit      time.Duration // formation must make progress within this
	commitAgain time.Duration // between resends of a commit token
	isolation   time.Duration // how long a deaf member stays alone
	proof       time.Duration // the first time a damped link has to prove itself for
	patience    time.Duration // with strangers that are proving themselves
	forgive     time.Duration // without trouble that makes up for one
}

func newTiming(fd time.Duration) timing {
	return timing{
		loss:        fd,
		minResend:   time.Millisecond,
		maxResend:   max(fd/8, time.Millisecond),
		maxWaking:   fd / 25,
		hold:        fd / 5,
		maxLag:      fd / 5,
		join:        fd / 10,
		settle:      fd / 8,
		gatherWait:  fd / 4,
		commit:      fd,
		commitAgain: fd / 20,
		isolation:   4 * fd,
		proof:       2 * fd,
		patience:    16 * fd,
		forgive:     16 * fd,
	}
}

// earliest returns the smallest of some times.
func earliest(first Time, rest ...Time) Time {
	for _, t := range rest {
		first = min(first, t)
	}
	return first
}
