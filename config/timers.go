package config

import "time"

// timers are the membership timers that follow from failure_detection
// (protocol rules 1, 4 and 8), as the effective values show them. The ring
// and multipath packages derive their own; these lines must say the same.
type timers struct {
	tokenLoss               time.Duration // no token for so long: Gather
	leastResend, mostResend time.Duration // of the token, per hop
	hold                    time.Duration // of the token while idle
	hello, helloGather      time.Duration
	hearing                 time.Duration // silent for so long: not heard
	settle                  time.Duration // of Gather: unchanged for so long
	oldLife                 time.Duration // its silence before a new life is admitted
	pathLate                time.Duration // delay from which a path is degraded
	crashToMembership       time.Duration
}

func (c *Config) timers() timers {
	fd := c.FailureDetection
	return timers{
		tokenLoss:         fd,
		leastResend:       time.Millisecond,
		mostResend:        fd / 8,
		hold:              fd / 5,
		hello:             min(fd/2, 250*time.Millisecond),
		helloGather:       min(fd/5, 100*time.Millisecond),
		hearing:           fd * 3 / 4,
		settle:            fd / 8,
		oldLife:           fd / 4,
		pathLate:          fd / 4,
		crashToMembership: 2 * fd,
	}
}
