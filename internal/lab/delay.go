//go:build linux

package lab

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// relayQueue bounds the frames under way in a relay; more are lost, as in a
// switch. It holds several seconds of a lab's traffic.
const relayQueue = 1 << 16

// relay takes the place of a network's switch and passes every frame on to all
// other ports after a constant delay. Kernels without netem can do it so, too.
type relay struct {
	delay time.Duration
	ports []int // packet sockets, one per port
	stop  chan struct{}
	queue chan held
	wait  sync.WaitGroup
}

type held struct {
	due   time.Time
	from  int // index of the port it came by
	frame []byte
}

// Delay is a network (IPv4, and no segmentation offload) on which everything
// comes later by d. Its paths stay alive: judge by what clients see.
func (l *Lab) Delay(network string, d time.Duration) Fault {
	n := Path{Network: network}.network()
	if !l.NoOffload || l.IPv6 {
		panic("lab: the relay passes on what a wire can carry: IPv4 without offload")
	}
	var r *relay
	master := func(t testing.TB, setting ...string) {
		for _, h := range l.Daemons {
			if l.on(h.Name, n) {
				must(t, "", append([]string{"ip", "-n", l.names.switches(), "link", "set", port(h.Name, n)}, setting...)...)
			}
		}
	}
	return Fault{
		Name: fmt.Sprintf("%s late by %v", network, d),
		apply: func(t testing.TB) {
			master(t, "nomaster")
			r = l.startRelay(t, n, d)
		},
		mend: func(t testing.TB) {
			r.end()
			master(t, "master", bridge(n))
		},
	}
}

func (l *Lab) startRelay(t testing.TB, network int, delay time.Duration) *relay {
	t.Helper()
	r := &relay{delay: delay, stop: make(chan struct{}), queue: make(chan held, relayQueue)}
	for _, h := range l.Daemons {
		if !l.on(h.Name, network) {
			continue
		}
		socket := l.packetSocket(t, port(h.Name, network))
		timeout := unix.Timeval{Usec: 20_000} // how often a reader looks whether to stop
		if err := errors.Join(
			unix.SetsockoptTimeval(socket, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout),
			unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 8<<20),
		); err != nil {
			t.Fatalf("lab: relay: %v", err)
		}
		r.ports = append(r.ports, socket)
	}
	for i := range r.ports {
		r.wait.Add(1)
		go r.read(i)
	}
	r.wait.Add(1)
	go r.forward()
	return r
}

// end stops the relay; what is under way is lost.
func (r *relay) end() {
	close(r.stop)
	r.wait.Wait()
	for _, socket := range r.ports {
		unix.Close(socket)
	}
}

func (r *relay) read(from int) {
	defer r.wait.Done()
	buf := make([]byte, 1<<17)
	for {
		select {
		case <-r.stop:
			return
		default:
		}
		frame := receiveFrame(r.ports[from], buf)
		if frame == nil {
			continue
		}
		complete(frame) // frames that are no datagrams, such as ARP, pass as they are
		select {
		case r.queue <- held{time.Now().Add(r.delay), from, append([]byte(nil), frame...)}:
		default: // full
		}
	}
}

// forward sends each frame when its time has come; all have the same delay, so
// that the first in the queue is due first.
func (r *relay) forward() {
	defer r.wait.Done()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-r.stop:
			return
		case h := <-r.queue:
			timer.Reset(time.Until(h.due))
			select {
			case <-r.stop:
				return
			case <-timer.C:
			}
			for i, socket := range r.ports {
				if i != h.from {
					// A port that refuses a frame loses it, as a switch does.
					_, _ = unix.Write(socket, h.frame)
				}
			}
		}
	}
}
