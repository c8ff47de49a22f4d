package soak

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mpspread/client"
	"mpspread/internal/traffic"
)

// group is the group all clients are in.
const group = "soak"

const (
	joinTimeout = 10 * time.Second
	// maxOutstanding bounds how many of its own messages a sender has not yet
	// received: a ring that stands still fills no queue.
	maxOutstanding = 1000
	// maxBehind bounds how many messages the slowest receiver is behind all
	// that were sent: no daemon's queue for it fills up, however little time it
	// gets beside the others.
	maxBehind = 10_000
	// safeEvery is how many messages are sent agreed for each that is sent
	// safe.
	safeEvery = 64
)

// load is a client on each of some daemons that multicasts as fast as its
// messages come back, and checks all it receives. Its methods belong to one
// goroutine.
type load struct {
	clients []*worker
	sending context.CancelFunc
	senders sync.WaitGroup
	all     sync.WaitGroup // receivers
	ctx     context.Context
	cancel  context.CancelFunc
	size    int
}

// worker is one client. Its sender and its receiver are a goroutine each.
type worker struct {
	number    int
	address   string
	conn      *client.Conn
	sent      atomic.Uint64
	delivered atomic.Uint64
	own       chan struct{} // a token for each own message that may be outstanding
	joined    chan struct{} // closed when the group has everyone
	running   atomic.Bool   // messages may come; membership messages are changes
	gap       atomic.Int64  // longest between two messages, nanoseconds
	wrong     atomic.Bool   // what came shows a fault

	// Of the receiver, to be read after it has ended.
	stream   *traffic.Stream
	changes  uint64
	rejected uint64
	previous time.Time

	failed chan error // what ended the sender or receiver; never more than two
}

// connect opens a client to each address and waits until every one sees every
// other in the group.
func connect(ctx context.Context, addresses []string, size int) (*load, error) {
	limit, done := context.WithTimeout(ctx, joinTimeout)
	defer done()
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // until stop
	l := &load{ctx: ctx, cancel: cancel, size: size, sending: func() {}}
	for i, address := range addresses {
		w := &worker{
			number: i, address: address, own: make(chan struct{}, maxOutstanding), joined: make(chan struct{}),
			stream: traffic.NewStream(len(addresses)), failed: make(chan error, 2),
		}
		if err := w.join(limit); err != nil {
			l.stop()
			return nil, err
		}
		l.clients = append(l.clients, w)
		l.all.Go(func() { w.receive(l.ctx, len(addresses)) })
	}
	for _, w := range l.clients {
		select {
		case <-w.joined:
		case err := <-w.failed:
			l.stop()
			return nil, err
		case <-limit.Done():
			l.stop()
			return nil, fmt.Errorf("soak: the client at %s does not see all others in the group %q: %w", w.address, group, limit.Err())
		}
	}
	return l, nil
}

func (w *worker) join(ctx context.Context) error {
	var err error
	if w.conn, err = client.Connect(ctx, w.address); err != nil {
		return fmt.Errorf("soak: connecting: %w", err)
	}
	if err := w.conn.Join(ctx, group); err != nil {
		_ = w.conn.Close(ctx)
		return fmt.Errorf("soak: joining at %s: %w", w.address, err)
	}
	return nil
}

// begin starts the senders. Together they send most messages, rate a second at
// most; 0: no limit.
func (l *load) begin(most uint64, rate int) {
	ctx, cancel := context.WithCancel(l.ctx)
	l.sending = cancel
	for _, w := range l.clients {
		w.running.Store(true)
	}
	for i, w := range l.clients {
		share := most / uint64(len(l.clients))
		if uint64(i) < most%uint64(len(l.clients)) {
			share++
		}
		if most == 0 || share > 0 {
			l.senders.Go(func() {
				w.send(ctx, l, share, pace{rate: float64(rate) / float64(len(l.clients)), began: time.Now()})
			})
		}
	}
}

// end stops the senders; receivers go on.
func (l *load) end() {
	l.sending()
	l.senders.Wait()
}

// stop ends everything and waits for it. It may be called again.
func (l *load) stop() {
	for _, w := range l.clients {
		w.running.Store(false) // the others leave now
	}
	l.end()
	l.cancel()
	for _, w := range l.clients {
		_ = w.conn.Close(context.Background()) // takes a second at most
	}
	l.all.Wait()
}

// progress is how many messages were sent in all, and came to each.
func (l *load) progress() (sent uint64, delivered []uint64) {
	for _, w := range l.clients {
		sent += w.sent.Load()
		delivered = append(delivered, w.delivered.Load())
	}
	return sent, delivered
}

// behind is how many messages the slowest receiver has not got.
func (l *load) behind() uint64 {
	sent, delivered := l.progress()
	return sent - min(sent, slices.Min(delivered))
}

// failure is what ended a client, or what is wrong with its stream.
func (l *load) failure() error {
	for _, w := range l.clients {
		select {
		case err := <-w.failed:
			return err
		default:
		}
		if w.wrong.Load() {
			return errWrong
		}
	}
	return nil
}

// errWrong ends a soak whose verdict is known.
var errWrong = errors.New("soak: a message was lost, came twice, out of order or damaged, or the membership changed")

// pace holds a sender to a rate.
type pace struct {
	rate  float64 // messages a second; 0: any
	began time.Time
}

// pauseLeast is the shortest pause worth making.
const pauseLeast = 2 * time.Millisecond

// pause is how long to wait before message n. What a stall kept back is made
// up for.
func (p pace) pause(n uint64) time.Duration {
	if p.rate == 0 {
		return 0
	}
	ahead := time.Duration(float64(n)/p.rate*float64(time.Second)) - time.Since(p.began)
	if ahead < pauseLeast {
		return 0
	}
	return ahead
}

// send multicasts most messages, 0: any number, as long as few enough of them
// are outstanding, until ctx ends. A message counts as sent once the
// connection has taken it.
func (w *worker) send(ctx context.Context, l *load, most uint64, pace pace) {
	data := make([]byte, l.size)
	for n := uint64(1); most == 0 || n <= most; n++ {
		if !sleep(ctx, pace.pause(n)) {
			return
		}
		for n%64 == 0 && l.behind() > maxBehind {
			if !sleep(ctx, pauseLeast) {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case w.own <- struct{}{}:
		}
		traffic.Write(data, w.number, n)
		service := client.Agreed
		if n%safeEvery == 0 {
			service = client.Safe
		}
		// Not ctx: a multicast that is under way is finished, so that it is
		// known whether the message was sent.
		if err := w.conn.Multicast(context.WithoutCancel(ctx), service, data, group); err != nil {
			w.failed <- fmt.Errorf("soak: multicasting at %s: %w", w.address, err)
			return
		}
		w.sent.Store(n)
	}
}

// sleep waits; false: ctx has ended.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// receive checks everything that comes until the connection ends.
func (w *worker) receive(ctx context.Context, everyone int) {
	joined := false
	for event, err := range w.conn.Borrow(ctx) {
		if err != nil {
			if ctx.Err() == nil && !errors.Is(err, client.ErrClosed) {
				w.failed <- fmt.Errorf("soak: receiving at %s: %w", w.address, err)
			}
			return
		}
		switch event := event.(type) {
		case *client.Message:
			w.message(event.Data)
		case *client.Membership:
			if w.running.Load() {
				w.changes++
				w.wrong.Store(true)
			}
			if !joined && len(event.Members) == everyone {
				joined = true
				close(w.joined)
			}
		case *client.Rejected:
			w.rejected++
		}
	}
}

func (w *worker) message(data []byte) {
	now := time.Now()
	if !w.previous.IsZero() && now.Sub(w.previous) > time.Duration(w.gap.Load()) {
		w.gap.Store(int64(now.Sub(w.previous)))
	}
	w.previous = now
	if sender, _, ok := w.stream.Receive(data); ok && sender == w.number {
		select {
		case <-w.own:
		default: // one of its own came twice
		}
	}
	if w.stream.Wrong() {
		w.wrong.Store(true)
	}
	w.delivered.Store(w.stream.Came())
}
