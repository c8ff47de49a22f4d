//go:build !portable

package datalink

import (
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// retryPeriod is how soon the keeper tries again what failed for a reason no
// notice will end, and how often it looks where it gets no notices at all.
const retryPeriod = time.Second

// settlePeriod is how long notices are let gather after a look, so that a storm
// of them costs few looks.
const settlePeriod = 20 * time.Millisecond

// keeper opens and closes the sockets of all networks as interfaces and
// addresses come, change and go (S13, A19). It does so on its own goroutine,
// because those calls wait for the kernel's interface lock.
type keeper struct {
	networks      []Network
	receiveBuffer int
	exchange      *exchange
	wanted        wanted
	kept          []kept
	known         map[int]bool // interfaces that have, or had, a wanted address
	watch         *watch       // nil: could not subscribe
	retry         bool         // something failed that no notice will end
	stop          atomic.Bool
	done          chan struct{}

	// The world, replaced in tests.
	look     func(wanted) (host, error)
	open     func(*Network, attachment, int) (*link, error)
	newWatch func() (*watch, error)
}

// kept is what the keeper remembers of one network.
type kept struct {
	link      *link     // offered to the loop
	awaited   bool      // withdrawn, and not yet back
	notBefore time.Time // earliest opening, after sockets that failed
}

func newKeeper(c Config, x *exchange) *keeper {
	k := &keeper{
		networks: c.Networks, receiveBuffer: c.ReceiveBuffer, exchange: x,
		known: make(map[int]bool), kept: make([]kept, len(c.Networks)), done: make(chan struct{}),
		look: lookAtHost, open: openLink, newWatch: newWatch,
	}
	for _, n := range c.Networks {
		for _, a := range n.Addresses {
			k.wanted = append(k.wanted, a.Unmap().WithZone(""))
		}
	}
	return k
}

// start subscribes before the first look, so that no change falls between.
func (k *keeper) start() {
	k.subscribe()
	k.reconcile()
	go k.run()
}

func (k *keeper) subscribe() {
	w, err := k.newWatch()
	if err == nil {
		k.watch = w
	}
}

func (k *keeper) run() {
	defer close(k.done)
	for k.wait() {
		k.reconcile()
	}
	if k.watch != nil {
		k.watch.close()
	}
}

// close ends the keeper; links are then nobody's.
func (k *keeper) close() {
	k.stop.Store(true)
	k.exchange.toKeep.signal()
	<-k.done
}

// wait returns true when it is time to look, false at the end.
func (k *keeper) wait() bool {
	k.pause()
	retryAt := time.Now().Add(retryPeriod)
	for !k.stop.Load() {
		fds := []unix.PollFd{{Fd: int32(k.exchange.toKeep.fd), Events: unix.POLLIN}, {Fd: -1, Events: unix.POLLIN}}
		timeout := -1
		if k.retry || k.watch == nil {
			timeout = max(milliseconds(time.Until(retryAt)), 0)
		}
		if k.watch != nil {
			fds[1].Fd = int32(k.watch.fd)
		}
		_, _ = unix.Poll(fds, timeout)
		asked := fds[0].Revents != 0
		if asked {
			k.exchange.toKeep.drain()
		}
		noticed := fds[1].Revents != 0 && k.readNotices()
		due := timeout >= 0 && time.Now().After(retryAt)
		if asked || noticed || due {
			return !k.stop.Load()
		}
	}
	return false
}

// milliseconds rounds up.
func milliseconds(d time.Duration) int {
	return int((d + time.Millisecond - 1) / time.Millisecond)
}

// pause lets a storm of notices gather. The loop and the end interrupt it.
func (k *keeper) pause() {
	fds := []unix.PollFd{{Fd: int32(k.exchange.toKeep.fd), Events: unix.POLLIN}}
	_, _ = unix.Poll(fds, milliseconds(settlePeriod))
}

// readNotices gives a subscription up that fails; looking every retryPeriod
// takes its place.
func (k *keeper) readNotices() bool {
	matter, err := k.watch.drain(concerns{ifIndexes: k.known, wanted: k.wanted})
	if err != nil {
		k.watch.close()
		k.watch = nil
	}
	return matter
}

// reconcile looks at the host and makes every network's sockets what they
// should be.
func (k *keeper) reconcile() {
	k.retry = false
	h, err := k.look(k.wanted)
	if err != nil {
		k.retry = true
	}
	for i := range k.networks {
		if err != nil { // blind: keep what there is, but finish what was begun
			if k.kept[i].link == nil {
				k.collect(i)
				k.exchange.offer(i, nil, attachment{reason: err.Error()})
			}
			continue
		}
		at := k.networks[i].attach(h)
		if at.ifIndex != 0 {
			k.known[at.ifIndex] = true
		}
		k.settle(i, at)
	}
}

// settle brings one network to where it is attached now.
func (k *keeper) settle(i int, at attachment) {
	s := &k.kept[i]
	k.retry = k.retry || at.waiting
	if s.link != nil {
		broken := k.exchange.wantsRebuild(i)
		if at.usable() && !broken && s.link.at.sameSockets(at) {
			k.exchange.offer(i, s.link, at)
			return
		}
		k.withdraw(i, at, broken)
	}
	if !k.collect(i) {
		return // its return wakes us
	}
	if at.usable() && time.Now().Before(s.notBefore) {
		k.retry = true
		at.reason = "the sockets failed, opening them again soon"
	}
	if !at.usable() {
		k.exchange.offer(i, nil, at)
		return
	}
	l, err := k.open(&k.networks[i], at, k.receiveBuffer)
	if err != nil {
		k.retry = true
		at.reason = err.Error()
	}
	s.link = l
	k.exchange.offer(i, l, at)
}

// withdraw takes a link away from the loop. Sockets are closed before their
// successors are opened, else both would claim one address.
func (k *keeper) withdraw(i int, at attachment, broken bool) {
	s := &k.kept[i]
	if broken {
		s.notBefore = time.Now().Add(retryPeriod)
	}
	if at.usable() {
		at.reason = "reopening the sockets"
	}
	if l := k.exchange.withdraw(i, at); l != nil {
		l.close()
	} else {
		s.awaited = true
	}
	s.link = nil
}

// collect closes a link that came back and tells whether none is outstanding.
func (k *keeper) collect(i int) bool {
	s := &k.kept[i]
	if s.awaited {
		l := k.exchange.takeBack(i)
		if l == nil {
			return false
		}
		l.close()
		s.awaited = false
	}
	return true
}
