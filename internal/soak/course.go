package soak

import (
	"context"
	"time"

	"mpspread/internal/cluster"
)

// Phase is a part of the course: what the networks are like for a while. One
// of the two is always whole and in time.
type Phase struct {
	Name string
	For  time.Duration
	// Late is by how much network B is late.
	Late time.Duration
	// Flap, if not empty, are networks that are cut and healed in turn: each is
	// cut for Every, then whole for Every.
	Flap  []string
	Every time.Duration
}

// Course is the usual round of phases of this length: network B far out of
// step, each network flapping, both in turn. It is run again and again.
func Course(each time.Duration) []Phase {
	const flap = 500 * time.Millisecond
	return []Phase{
		{Name: "both networks in step", For: each},
		{Name: "B late by 50 ms", For: each, Late: 50 * time.Millisecond},
		{Name: "B flaps", For: each, Flap: []string{"B"}, Every: flap},
		{Name: "B late by 0.5 s", For: each, Late: 500 * time.Millisecond},
		{Name: "A flaps", For: each, Flap: []string{"A"}, Every: flap},
		{Name: "B late by 5 s", For: each, Late: 5 * time.Second},
		{Name: "A and B flap in turn", For: each, Flap: []string{"A", "B"}, Every: flap},
	}
}

// weather runs the course over the networks of a cluster until ctx ends.
// enter is told of each phase as it begins.
func weather(ctx context.Context, c *cluster.Cluster, course []Phase, enter func(Phase)) error {
	for {
		for _, p := range course {
			enter(p)
			if err := c.Late("B", p.Late); err != nil {
				return err
			}
			if err := p.run(ctx, c); err != nil || ctx.Err() != nil {
				return err
			}
		}
	}
}

// run lets the phase last its time. It leaves no network cut unless it fails.
func (p Phase) run(ctx context.Context, c *cluster.Cluster) error {
	end := time.NewTimer(p.For)
	defer end.Stop()
	for i := 0; ; i++ {
		if len(p.Flap) == 0 {
			rest(ctx, end, p.For)
			return nil
		}
		network := p.Flap[i%len(p.Flap)]
		if err := c.Cut(network, true); err != nil {
			return err
		}
		over := rest(ctx, end, p.Every)
		if err := c.Cut(network, false); err != nil {
			return err
		}
		if over || rest(ctx, end, p.Every) {
			return nil
		}
	}
}

// rest waits; true: the phase is over.
func rest(ctx context.Context, end *time.Timer, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return true
	case <-end.C:
		return true
	case <-t.C:
		return false
	}
}
