package ring

import "time"

// lateness is the smoothed delay of first copies behind their round's token
// (protocol rule 5). On two networks of different speed the token comes by the
// fast one and large packets may come by the slow one; what is merely late is
// not asked for.
type lateness struct {
	mean, deviation time.Duration
}

// note takes the delay of one packet; at most 0 for one that overtook its token.
func (l *lateness) note(delay time.Duration) {
	delay = max(delay, 0)
	// RFC 6298 section 2: mean and deviation with gains 1/8 and 1/4.
	off := delay - l.mean
	l.mean += off / 8
	l.deviation += (max(off, -off) - l.deviation) / 4
}

// lag returns how long a missing packet is left alone.
func (l *lateness) lag(most time.Duration) time.Duration {
	return min(l.mean+4*l.deviation, most)
}

// checkpoints remembers what Seq was at recent visits of the token, at most
// one in an eighth of the greatest lag, so that it stays short however fast
// the ring turns.
type checkpoints struct {
	list [16]checkpoint // oldest first
	n    int
	last checkpoint // of the previous visit
}

type checkpoint struct {
	at  Time
	seq Seq
}

// visit records the present visit. It returns the highest Seq that was on
// the token at least a rotation and at least lag ago: positions up to there
// may be asked for [B16 section 3.1].
func (c *checkpoints) visit(now Time, seq Seq, lag, most time.Duration) Seq {
	ripe := Seq(0)
	if c.last.at <= now-lag {
		ripe = c.last.seq
	}
	for i := range c.n {
		if c.list[i].at <= now-lag {
			ripe = max(ripe, c.list[i].seq)
		}
	}
	if c.n == 0 || c.last.at-c.list[c.n-1].at >= most/8 {
		if c.n == len(c.list) {
			copy(c.list[:], c.list[1:])
			c.n--
		}
		c.list[c.n] = c.last
		c.n++
	}
	c.last = checkpoint{now, seq}
	return ripe
}
