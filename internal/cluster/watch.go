package cluster

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mpspread/internal/admin"
)

const (
	pollEvery   = 200 * time.Millisecond
	pollTimeout = time.Second
)

// Watch asks every daemon of a cluster for its status, again and again. Its
// methods may be called from any goroutine.
type Watch struct {
	sockets []string
	latest  []atomic.Pointer[admin.Status] // nil while a daemon does not answer
	cancel  context.CancelFunc
	done    sync.WaitGroup
}

// NewWatch starts a goroutine for each admin socket; Stop ends them.
func NewWatch(ctx context.Context, sockets []string) *Watch {
	ctx, cancel := context.WithCancel(ctx)
	w := &Watch{sockets: sockets, latest: make([]atomic.Pointer[admin.Status], len(sockets)), cancel: cancel}
	for i, socket := range sockets {
		w.done.Go(func() { w.poll(ctx, i, admin.Local{Socket: socket}) })
	}
	return w
}

// Stop returns when nobody is asked any more.
func (w *Watch) Stop() {
	w.cancel()
	w.done.Wait()
}

func (w *Watch) poll(ctx context.Context, i int, daemon admin.Local) {
	every := time.NewTicker(pollEvery)
	defer every.Stop()
	for {
		w.latest[i].Store(ask(ctx, daemon))
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
	}
}

// Fresh stops the watch and asks every daemon once more.
func (w *Watch) Fresh(ctx context.Context) []*admin.Status {
	w.Stop()
	all := make([]*admin.Status, len(w.sockets))
	for i, socket := range w.sockets {
		all[i] = ask(ctx, admin.Local{Socket: socket})
	}
	return all
}

// ask gives a daemon's status, or nil.
func ask(ctx context.Context, daemon admin.Local) *admin.Status {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	reply, err := daemon.Ask(ctx, admin.CommandStatus)
	if err != nil {
		return nil
	}
	s, err := reply.Status()
	if err != nil {
		return nil
	}
	return &s
}

// Statuses is what each daemon said last; nil for one that did not answer.
func (w *Watch) Statuses() []*admin.Status {
	all := make([]*admin.Status, len(w.latest))
	for i := range w.latest {
		all[i] = w.latest[i].Load()
	}
	return all
}

// OneRing tells whether all daemons are in one operational ring of all.
func OneRing(all []*admin.Status) bool {
	for _, s := range all {
		if s == nil || s.State != admin.StateOperational || len(s.Ring.Members) != len(all) || s.Ring.ID != all[0].Ring.ID {
			return false
		}
	}
	return true
}

// Noticed tells whether every daemon reports exactly the networks in cut as
// not up, and redundancy as lost if there are any.
func Noticed(all []*admin.Status, cut []string) bool {
	for _, s := range all {
		if s == nil || s.RedundancyLost != (len(cut) > 0) {
			return false
		}
		for _, n := range s.Networks {
			if (n.State != admin.NetworkUp) != slices.Contains(cut, n.Name) {
				return false
			}
		}
	}
	return true
}

// Changes is the largest number of membership changes that any daemon counted
// between two rounds of asking; a daemon that did not answer counts none.
func Changes(before, after []*admin.Status) uint64 {
	var most uint64
	for i, s := range after {
		if s != nil && before[i] != nil && s.MembershipChanges > before[i].MembershipChanges {
			most = max(most, s.MembershipChanges-before[i].MembershipChanges)
		}
	}
	return most
}
