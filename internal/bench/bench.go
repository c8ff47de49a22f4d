package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mpspread/internal/cluster"
)

const (
	ringTimeout = 20 * time.Second // from the daemons' start to one ring of all
	ringEvery   = 50 * time.Millisecond
)

// Run measures. Everything it started has ended, and what it made is removed,
// when it returns; if something failed the logs of daemons brought along are
// kept, and named in the error.
//
// An error tells that there is no result; it is a *ConnectError if a daemon
// cannot be reached, and a *ViolationError if messages did not come as they
// should.
func Run(ctx context.Context, o Options) (*Result, error) {
	if len(o.Connect) > 0 {
		return measure(ctx, o, o.Connect, nil)
	}
	c, err := cluster.New(o.Cluster)
	if err != nil {
		return nil, err
	}
	result, err := onCluster(ctx, o, c)
	if err != nil && ctx.Err() == nil {
		logs, keepErr := c.KeepLogs()
		if keepErr != nil {
			err = errors.Join(err, keepErr)
		} else {
			err = fmt.Errorf("%w\nlogs of the daemons: %s", err, logs)
		}
	}
	if err = errors.Join(err, c.Remove()); err != nil {
		return nil, err
	}
	return result, nil
}

// onCluster measures daemons that it starts and ends.
func onCluster(ctx context.Context, o Options, c *cluster.Cluster) (result *Result, err error) {
	defer func() { err = errors.Join(append(c.Stop(), err)...) }()
	if err := c.Start(); err != nil {
		return nil, err
	}
	if err := oneRing(ctx, c); err != nil {
		return nil, err
	}
	var addresses []string
	for _, socket := range c.ClientSockets() {
		addresses = append(addresses, "unix:"+socket)
	}
	return measure(ctx, o, addresses, c)
}

// oneRing waits until the daemons are in one ring of all, all networks up, and
// leaves nobody asking them.
func oneRing(ctx context.Context, c *cluster.Cluster) error {
	watch := cluster.NewWatch(ctx, c.AdminSockets())
	defer watch.Stop()
	every := time.NewTicker(ringEvery)
	defer every.Stop()
	for begin := time.Now(); time.Since(begin) < ringTimeout; {
		if all := watch.Statuses(); cluster.OneRing(all) && cluster.Noticed(all, nil) {
			return nil
		}
		if err := c.Ended(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-every.C:
		}
	}
	return fmt.Errorf("bench: no ring of all daemons within %v", ringTimeout)
}
