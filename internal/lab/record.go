//go:build linux

package lab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Recording is a running capture of what a daemon sends on one network, taken
// at the switch.
type Recording struct {
	lab     *Lab
	network int
	socket  int
	stop    chan struct{}
	done    chan struct{}

	mu     sync.Mutex
	frames [][]byte
}

// Recorded is what a Recording has caught, ready to be sent again.
type Recorded struct {
	lab     *Lab
	network int
	frames  [][]byte
}

const (
	maxFrame  = 1514 // longer ones are runs of segments that no wire carries
	maxFrames = 2000 // the latest are kept
)

// Record starts to capture the datagrams a daemon sends on a network (IPv4).
// It ends with Stop, or with the test.
func (l *Lab) Record(t testing.TB, network, daemon string) *Recording {
	t.Helper()
	n := Path{Network: network}.network()
	r := &Recording{lab: l, network: n, stop: make(chan struct{}), done: make(chan struct{})}
	r.socket = l.packetSocket(t, port(daemon, n))
	timeout := unix.Timeval{Usec: 20_000} // how often the reader looks whether to stop
	if err := unix.SetsockoptTimeval(r.socket, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout); err != nil {
		t.Fatalf("lab: %v", err)
	}
	go r.read()
	t.Cleanup(r.end)
	return r
}

func (r *Recording) read() {
	defer close(r.done)
	defer unix.Close(r.socket)
	buf := make([]byte, 1<<17)
	for {
		select {
		case <-r.stop:
			return
		default:
		}
		frame := receiveFrame(r.socket, buf)
		if frame == nil || !complete(frame) {
			continue
		}
		r.mu.Lock()
		if len(r.frames) == maxFrames {
			r.frames = r.frames[1:]
		}
		r.frames = append(r.frames, append([]byte(nil), frame...))
		r.mu.Unlock()
	}
}

// receiveFrame reads the next frame that the host behind the port has sent; nil
// if there was none within the socket's time limit, or what came was something
// else.
func receiveFrame(socket int, buf []byte) []byte {
	n, from, err := unix.Recvfrom(socket, buf, 0)
	if err != nil || n > maxFrame {
		return nil
	}
	// What the switch sends towards the host passes the port too.
	if ll, ok := from.(*unix.SockaddrLinklayer); !ok || ll.Pkttype == unix.PACKET_OUTGOING {
		return nil
	}
	return buf[:n]
}

// complete tells that the frame is a datagram between daemons, and makes it
// fit to be sent from here: its checksum was left to the network card, so it
// gets none, which IPv4 allows.
func complete(frame []byte) bool {
	const ethernet, udp = 14, 17
	if len(frame) < ethernet+20+8 || binary.BigEndian.Uint16(frame[12:]) != unix.ETH_P_IP {
		return false
	}
	header := int(frame[ethernet]&0xf) * 4
	if header < 20 || len(frame) < ethernet+header+8 || frame[ethernet+9] != udp {
		return false
	}
	datagram := frame[ethernet+header:]
	if binary.BigEndian.Uint16(datagram[2:]) != Port {
		return false
	}
	datagram[6], datagram[7] = 0, 0
	return true
}

// Await waits until n datagrams have been caught.
func (r *Recording) Await(t testing.TB, n int) {
	t.Helper()
	Eventually(t, flowWithin, fmt.Sprintf("%d packets recorded", n), func() error {
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.frames) < n {
			return fmt.Errorf("only %d", len(r.frames))
		}
		return nil
	})
}

// SoFar is what has been caught until now; the capture goes on.
func (r *Recording) SoFar() *Recorded {
	r.mu.Lock()
	defer r.mu.Unlock()
	return &Recorded{r.lab, r.network, slices.Clone(r.frames)}
}

// Stop ends the capture.
func (r *Recording) Stop(t testing.TB) *Recorded {
	r.end()
	return &Recorded{r.lab, r.network, r.frames}
}

func (r *Recording) end() {
	select {
	case <-r.stop:
	default:
		close(r.stop)
	}
	<-r.done
}

// Packets is how many were caught.
func (r *Recorded) Packets() int { return len(r.frames) }

// Replay sends them all again, in their order, through the switch.
func (r *Recorded) Replay(t testing.TB) {
	t.Helper()
	socket := r.lab.packetSocket(t, bridge(r.network))
	defer unix.Close(socket)
	for _, f := range r.frames {
		for {
			_, err := unix.Write(socket, f)
			if errors.Is(err, unix.ENOBUFS) || errors.Is(err, unix.EINTR) {
				time.Sleep(time.Millisecond) // the device's queue is full
				continue
			}
			if err != nil {
				t.Fatalf("lab: sending a recorded packet of %d bytes: %v", len(f), err)
			}
			break
		}
	}
}

// packetSocket opens a raw socket on an interface in the switches' namespace.
func (l *Lab) packetSocket(t testing.TB, name string) (socket int) {
	t.Helper()
	err := within(l.names.switches(), func() error {
		const every = unix.ETH_P_ALL<<8 | unix.ETH_P_ALL>>8 // in network order
		var err error
		if socket, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, every); err != nil {
			return fmt.Errorf("packet socket: %w", err)
		}
		request, err := unix.NewIfreq(name)
		if err == nil {
			err = unix.IoctlIfreq(socket, unix.SIOCGIFINDEX, request)
		}
		if err == nil {
			err = unix.Bind(socket, &unix.SockaddrLinklayer{Protocol: every, Ifindex: int(request.Uint32())})
		}
		if err != nil {
			unix.Close(socket)
			return fmt.Errorf("packet socket on %s: %w", name, err)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("lab: %v", err)
	}
	return socket
}

// within runs f on a thread that is in the namespace.
func within(ns string, f func() error) error {
	result := make(chan error)
	go func() {
		runtime.LockOSThread()
		back, err := enter(ns, f)
		if back {
			runtime.UnlockOSThread()
		} // else the thread, still away from home, ends with the goroutine
		result <- err
	}()
	return <-result
}

// enter runs f with the calling thread in the namespace and brings it back.
// It may be the process's main thread, which cannot be thrown away.
func enter(ns string, f func() error) (back bool, err error) {
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return true, err
	}
	defer home.Close()
	there, err := os.Open("/run/netns/" + ns)
	if err != nil {
		return true, err
	}
	defer there.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		return true, fmt.Errorf("entering %s: %w", ns, err)
	}
	err = f()
	if returned := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); returned != nil {
		return false, errors.Join(err, fmt.Errorf("returning from %s: %w", ns, returned))
	}
	return true, err
}
