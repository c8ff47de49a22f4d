//go:build linux

package labnet

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Recording is a running capture of the datagrams a host sends on one network,
// taken at the switch. Its methods may be called from any goroutine.
type Recording struct {
	bed     *Testbed
	network int
	socket  *packetSocket
	done    chan struct{}

	mu     sync.Mutex
	frames [][]byte
}

// Recorded is what a Recording has caught, ready to be sent again.
type Recorded struct {
	bed     *Testbed
	network int
	frames  [][]byte
}

// maxFrames bounds a Recording; the latest are kept.
const maxFrames = 2000

// Record starts to capture the datagrams a host sends on a network, runs of
// segments left out. It lasts until Stop.
func (b *Testbed) Record(network, host string) (*Recording, error) {
	n := networkNumber(network)
	socket, err := b.openPacket(port(host, n))
	if err != nil {
		return nil, err
	}
	r := &Recording{bed: b, network: n, socket: socket, done: make(chan struct{})}
	go r.read()
	return r, nil
}

func (r *Recording) read() {
	defer close(r.done)
	buf := make([]byte, largestRead)
	for {
		frame, err := r.socket.read(buf)
		if errors.Is(err, os.ErrClosed) {
			return
		}
		if frame == nil || isRun(frame) {
			continue
		}
		if _, ok := datagram(frame); !ok {
			continue
		}
		r.mu.Lock()
		if len(r.frames) == maxFrames {
			r.frames = r.frames[1:]
		}
		r.frames = append(r.frames, slices.Clone(frame))
		r.mu.Unlock()
	}
}

// Packets is how many datagrams are caught now.
func (r *Recording) Packets() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.frames)
}

// SoFar is what has been caught until now; the capture goes on.
func (r *Recording) SoFar() *Recorded {
	r.mu.Lock()
	defer r.mu.Unlock()
	return &Recorded{r.bed, r.network, slices.Clone(r.frames)}
}

// Stop ends the capture. It may be called again.
func (r *Recording) Stop() *Recorded {
	r.socket.close()
	<-r.done
	return r.SoFar()
}

// Packets is how many were caught.
func (r *Recorded) Packets() int { return len(r.frames) }

// Payloads are the datagrams' contents, only to be read.
func (r *Recorded) Payloads() [][]byte {
	var list [][]byte
	for _, f := range r.frames {
		if at, ok := datagram(f); ok {
			list = append(list, f[at.payload:])
		}
	}
	return list
}

// Replay sends them all again, in their order, through the switch.
func (r *Recorded) Replay() error {
	socket, err := r.bed.openPacket(bridge(r.network))
	if err != nil {
		return err
	}
	defer socket.close()
	for _, f := range r.frames {
		for {
			err := socket.write(f)
			if errors.Is(err, unix.ENOBUFS) || errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
				time.Sleep(time.Millisecond) // the device's queue is full
				continue
			}
			if err != nil {
				return fmt.Errorf("labnet: sending a recorded packet of %d bytes: %w", len(f), err)
			}
			break
		}
	}
	return nil
}
