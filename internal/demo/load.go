package demo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"mpspread/client"
	"mpspread/internal/cluster"
	"mpspread/internal/traffic"
)

// group is the group all clients are in.
const group = "demo"

const (
	joinTimeout = 5 * time.Second
	// burst is how often a sender sends, at its rate.
	burst = 5 * time.Millisecond
	// maxOutstanding bounds how many of its own messages a sender has not yet
	// received: a ring that stands still fills no queue.
	maxOutstanding = 1000
)

// load is a client on each daemon that multicasts and checks what it receives.
// Its methods belong to one goroutine.
type load struct {
	clients []*loadClient
	started time.Time
	sending context.CancelFunc
	senders sync.WaitGroup
	all     sync.WaitGroup // receivers
	ctx     context.Context
	cancel  context.CancelFunc
	rate    int
}

// loadClient is one client. Its sender and its receiver are a goroutine each.
type loadClient struct {
	number    int
	conn      *client.Conn
	sent      atomic.Uint64
	own       atomic.Uint64 // own messages received
	delivered atomic.Uint64
	joined    chan struct{} // closed when the group has everyone
	running   atomic.Bool   // messages may come; membership messages are changes
	origin    time.Time     // of the tally's clock

	// Of the receiver, to be read after it has ended.
	tally    *tally
	changes  uint64
	rejected uint64

	failed chan error // what ended the sender or receiver; never more than two
}

// startLoad connects a client to each socket and waits until every one sees
// every other in the group.
func startLoad(ctx context.Context, sockets []string, rate int) (*load, error) {
	ctx, cancel := context.WithCancel(ctx)
	l := &load{ctx: ctx, cancel: cancel, rate: rate, sending: func() {}}
	limit, done := context.WithTimeout(ctx, joinTimeout)
	defer done()
	for i, socket := range sockets {
		conn, err := client.Connect(limit, "unix:"+socket)
		if err != nil {
			l.stop()
			return nil, fmt.Errorf("demo: connecting to daemon %s: %w", cluster.Daemons[i], err)
		}
		c := &loadClient{
			number: i, conn: conn, joined: make(chan struct{}),
			origin: time.Now(), tally: newTally(len(sockets)), failed: make(chan error, 2),
		}
		l.clients = append(l.clients, c)
		if err := conn.Join(limit, group); err != nil {
			l.stop()
			return nil, fmt.Errorf("demo: joining at daemon %s: %w", cluster.Daemons[i], err)
		}
		l.all.Go(func() { c.receive(l.ctx, len(sockets)) })
	}
	for i, c := range l.clients {
		select {
		case <-c.joined:
		case err := <-c.failed:
			l.stop()
			return nil, fmt.Errorf("demo: client of daemon %s: %w", cluster.Daemons[i], err)
		case <-limit.Done():
			l.stop()
			return nil, fmt.Errorf("demo: client of daemon %s does not see all others in the group: %w", cluster.Daemons[i], limit.Err())
		}
	}
	return l, nil
}

// begin starts the senders.
func (l *load) begin() {
	l.started = time.Now()
	ctx, cancel := context.WithCancel(l.ctx)
	l.sending = cancel
	for _, c := range l.clients {
		c.running.Store(true)
	}
	for _, c := range l.clients {
		l.senders.Go(func() { c.send(ctx, l.rate) })
	}
}

// end stops the senders; receivers go on.
func (l *load) end() {
	l.sending()
	l.senders.Wait()
}

// stop ends everything and waits for it. It may be called again.
func (l *load) stop() {
	l.end()
	l.cancel()
	for _, c := range l.clients {
		_ = c.conn.Close(context.Background()) // takes a second at most
	}
	l.all.Wait()
}

func (l *load) elapsed() time.Duration { return time.Since(l.started) }

// progress is how many messages were sent in all, and came to each.
func (l *load) progress() (sent uint64, delivered []uint64) {
	for _, c := range l.clients {
		sent += c.sent.Load()
		delivered = append(delivered, c.delivered.Load())
	}
	return sent, delivered
}

// failure is what ended a client, if something did.
func (l *load) failure() error {
	for i, c := range l.clients {
		select {
		case err := <-c.failed:
			return fmt.Errorf("demo: client of daemon %s: %w", cluster.Daemons[i], err)
		default:
		}
	}
	return nil
}

// verdict ends everything and judges.
func (l *load) verdict() Verdict {
	for _, c := range l.clients {
		c.running.Store(false) // the others leave now
	}
	l.stop()
	var sent []uint64
	var tallies []*tally
	for _, c := range l.clients {
		sent = append(sent, c.sent.Load())
		tallies = append(tallies, c.tally)
	}
	v := judge(sent, tallies)
	for i, c := range l.clients {
		v.MembershipChanges = max(v.MembershipChanges, c.changes)
		if c.rejected > 0 {
			v.Failures = append(v.Failures, fmt.Sprintf("daemon %s refused %d of its client's requests", cluster.Daemons[i], c.rejected))
		}
	}
	return v
}

// send multicasts at its rate until ctx ends. A message counts as sent once
// the connection has taken it.
func (c *loadClient) send(ctx context.Context, rate int) {
	every := time.NewTicker(burst)
	defer every.Stop()
	// What a stall kept back is not made up for.
	most := 2 * max(1, int(float64(rate)*burst.Seconds()))
	for owed := 0.0; ; {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		owed = min(owed+float64(rate)*burst.Seconds(), float64(most))
		for ; owed >= 1 && c.outstanding() < maxOutstanding; owed-- {
			// Not ctx: a multicast that is under way is finished, so that it is
			// known whether the message was sent.
			data := makeMessage(c.number, c.sent.Load()+1)
			if err := c.conn.Multicast(context.WithoutCancel(ctx), client.Agreed, data, group); err != nil {
				c.failed <- fmt.Errorf("multicasting: %w", err)
				return
			}
			c.sent.Add(1)
		}
	}
}

// outstanding is how many own messages have not come back. It may be negative
// for a moment: a message can come before its sending is counted.
func (c *loadClient) outstanding() int64 { return int64(c.sent.Load()) - int64(c.own.Load()) }

// receive checks everything that comes until the connection ends.
func (c *loadClient) receive(ctx context.Context, everyone int) {
	joined := false
	for event, err := range c.conn.Borrow(ctx) {
		if err != nil {
			if ctx.Err() == nil && !errors.Is(err, client.ErrClosed) {
				c.failed <- fmt.Errorf("receiving: %w", err)
			}
			return
		}
		switch event := event.(type) {
		case *client.Message:
			c.message(event.Data)
		case *client.Membership:
			if c.running.Load() {
				c.changes++
			}
			if !joined && len(event.Members) == everyone {
				joined = true
				close(c.joined)
			}
		case *client.Rejected:
			c.rejected++
		}
	}
}

func (c *loadClient) message(data []byte) {
	c.tally.receive(time.Since(c.origin), data)
	c.delivered.Store(uint64(len(c.tally.stream)))
	if sender, _, err := traffic.Read(data, len(c.tally.last)); err == nil && sender == c.number {
		c.own.Add(1)
	}
}
