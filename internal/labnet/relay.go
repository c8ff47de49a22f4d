//go:build linux

package labnet

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"time"
)

// relayMemory bounds the frames under way in a relay, in bytes; more are lost,
// as in a switch. It holds several seconds of a lab's traffic.
const relayMemory = 512 << 20

// Relay takes the place of a network's switch and does to each path what its
// Policy says. Like a switch it sends a frame for one host to that host only,
// once it has learned where it is. Kernels without netem can do all this, too.
// Its methods may be called from any goroutine, but for Close, which is for the
// Testbed's.
type Relay struct {
	bed     *Testbed
	network int
	hosts   []string        // on the network, by port number
	ports   []*packetSocket // by port number
	began   time.Time
	wait    sync.WaitGroup
	stop    chan struct{}
	wake    chan struct{} // something may be due earlier than thought

	mu      sync.Mutex
	shapers [][]*shaper // by sender's and receiver's port
	queue   schedule
	held    int // bytes in queue
	learned map[[6]byte]int
	closed  bool
}

// buffer is a frame with its header, shared by the parcels that carry it.
type buffer struct {
	data []byte
	uses int
}

var buffers = sync.Pool{New: func() any { return &buffer{data: make([]byte, 0, 2048)} }}

// StartRelay puts a relay in the place of a network's switch. All its
// randomness comes from the seed.
func (b *Testbed) StartRelay(network string, seed uint64) (*Relay, error) {
	n := networkNumber(network)
	if b.relays[n] != nil {
		return nil, fmt.Errorf("labnet: network %s has a relay", network)
	}
	r := &Relay{
		bed: b, network: n, began: time.Now(), stop: make(chan struct{}), wake: make(chan struct{}, 1),
		learned: map[[6]byte]int{},
	}
	for _, host := range b.Hosts {
		if b.On(host, n) {
			r.hosts = append(r.hosts, host)
		}
	}
	random := rand.New(rand.NewPCG(seed, uint64(n)))
	for range r.hosts {
		var row []*shaper
		for range r.hosts {
			row = append(row, &shaper{random: rand.New(rand.NewPCG(random.Uint64(), random.Uint64()))})
		}
		r.shapers = append(r.shapers, row)
	}
	if err := r.takeOver(); err != nil {
		return nil, errors.Join(err, r.giveBack())
	}
	b.relays[n] = r
	for i := range r.ports {
		r.wait.Add(1)
		go r.read(i)
	}
	r.wait.Add(1)
	go r.forward()
	return r, nil
}

// takeOver takes the ports from the bridge.
func (r *Relay) takeOver() error {
	for _, host := range r.hosts {
		name := port(host, r.network)
		if err := ip(r.bed.names.switches(), fmt.Sprintf("link set %s nomaster\n", name)); err != nil {
			return err
		}
		s, err := r.bed.openPacket(name)
		if err != nil {
			return err
		}
		r.ports = append(r.ports, s)
	}
	return nil
}

// giveBack gives the ports back to the bridge; a port that is gone is passed
// over.
func (r *Relay) giveBack() error {
	var all []error
	for i, host := range r.hosts {
		if i < len(r.ports) {
			r.ports[i].close()
		}
		all = append(all, ip(r.bed.names.switches(), fmt.Sprintf("link set %s master %s\n", port(host, r.network), bridge(r.network))))
	}
	return errors.Join(all...)
}

// Close puts the switch back in its place. What is under way is lost. A second
// Close does nothing.
func (r *Relay) Close() error {
	if !r.stopWorking() {
		return nil
	}
	delete(r.bed.relays, r.network)
	return r.giveBack()
}

// stopWorking ends the relay's goroutines; it tells whether they ran.
func (r *Relay) stopWorking() bool {
	r.mu.Lock()
	ran := !r.closed
	r.closed = true
	r.mu.Unlock()
	if !ran {
		return false
	}
	close(r.stop)
	for _, p := range r.ports {
		p.close()
	}
	r.wait.Wait()
	return true
}

// Set gives the paths that keep wants a Policy, from the next frame on. Paths
// of other networks are passed over.
func (r *Relay) Set(keep func(Path) bool, p Policy) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for from := range r.hosts {
		for to := range r.hosts {
			if from != to && keep(r.path(from, to)) {
				r.shapers[from][to].policy = p
			}
		}
	}
}

func (r *Relay) path(from, to int) Path {
	return Path{NetworkName(r.network), r.hosts[from], r.hosts[to]}
}

// Counts is what happened to the frames of the paths that keep wants.
func (r *Relay) Counts(keep func(Path) bool) RelayCounts {
	r.mu.Lock()
	defer r.mu.Unlock()
	var sum RelayCounts
	for from := range r.hosts {
		for to := range r.hosts {
			if from != to && keep(r.path(from, to)) {
				sum.add(r.shapers[from][to].counts)
			}
		}
	}
	return sum
}

// UnderWay is how many frames are on their way in the relay.
func (r *Relay) UnderWay() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.queue.len()
}

// read takes the frames that come by one port.
func (r *Relay) read(from int) {
	defer r.wait.Done()
	buf := make([]byte, largestRead)
	var arrivals []arrival
	for {
		frame, err := r.ports[from].read(buf)
		if errors.Is(err, os.ErrClosed) {
			return
		}
		if frame != nil {
			arrivals = r.take(from, frame, arrivals[:0])
		}
	}
}

// take decides on a frame and puts what becomes of it into the queue.
func (r *Relay) take(from int, frame []byte, arrivals []arrival) []arrival {
	b := buffers.Get().(*buffer)
	b.data, b.uses = append(b.data[:0], frame...), 0
	r.mu.Lock()
	now := time.Since(r.began)
	first, last := r.receivers(from, frame)
	earlier := false
	for to := first; to < last; to++ {
		if to == from {
			continue
		}
		s := r.shapers[from][to]
		arrivals = s.shape(now, len(frame), arrivals[:0])
		for _, a := range arrivals {
			if r.held > relayMemory {
				s.counts.Overflown++
				continue
			}
			p := parcel{due: a.due, from: from, to: to, frame: b}
			if a.corrupt {
				if damaged := damage(s.random, frame); damaged != nil {
					p.frame = &buffer{data: damaged}
					s.counts.Corrupted++
				}
			}
			p.frame.uses++
			r.held += len(p.frame.data)
			earlier = earlier || r.queue.len() == 0 || a.due < r.queue.heap[0].due
			r.queue.push(p)
		}
	}
	unused := b.uses == 0
	r.mu.Unlock()
	if unused {
		buffers.Put(b)
	}
	if earlier {
		select {
		case r.wake <- struct{}{}:
		default: // it will look anyway
		}
	}
	return arrivals
}

// receivers is the range of ports a frame goes to.
func (r *Relay) receivers(from int, frame []byte) (first, last int) {
	var to, sender [6]byte
	copy(to[:], frame[vnetHeader:])
	copy(sender[:], frame[vnetHeader+6:])
	r.learned[sender] = from
	if one, ok := r.learned[to]; ok && to[0]&1 == 0 {
		return one, one + 1
	}
	return 0, len(r.ports)
}

// forward sends each frame when its time has come.
func (r *Relay) forward() {
	defer r.wait.Done()
	timer := time.NewTimer(0)
	defer timer.Stop()
	var due []parcel
	for {
		var next time.Duration
		due, next = r.due(due[:0])
		for i := range due {
			r.send(&due[i])
		}
		if len(due) > 0 {
			r.done(due)
			continue
		}
		timer.Reset(next)
		select {
		case <-r.stop:
			return
		case <-r.wake:
		case <-timer.C:
		}
	}
}

const (
	sendBatch = 64          // parcels taken out of the queue at once
	idleSleep = time.Minute // with nothing under way
)

// due takes out what is due, or tells how long it is until something is.
func (r *Relay) due(list []parcel) ([]parcel, time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Since(r.began)
	for len(list) < sendBatch && r.queue.len() > 0 && !r.closed {
		if wait := r.queue.heap[0].due - now; wait > 0 {
			return list, wait
		}
		list = append(list, r.queue.pop())
	}
	return list, idleSleep
}

// send sends one parcel; a port that refuses a frame loses it, as a switch
// does.
func (r *Relay) send(p *parcel) {
	if r.ports[p.to].write(p.frame.data) != nil {
		p.due = -1
	}
}

// done counts parcels that were sent and gives their memory back.
func (r *Relay) done(sent []parcel) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range sent {
		p := &sent[i]
		counts := &r.shapers[p.from][p.to].counts
		if p.due < 0 {
			counts.Refused++
		} else {
			counts.Sent++
		}
		r.held -= len(p.frame.data)
		if p.frame.uses--; p.frame.uses == 0 {
			buffers.Put(p.frame)
		}
		p.frame = nil
	}
}
