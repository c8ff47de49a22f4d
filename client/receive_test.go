package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"mpspread/client/frame"
)

// numbered is a stream of messages whose type is their number.
func numbered(n int) (stream []byte) {
	for i := range n {
		stream = frame.AppendMessage(stream, frame.Agreed, "#a#x", frame.NewHint(int16(i)), []string{"g"}, []byte{byte(i)})
	}
	return stream
}

// TestIterations: Events and Borrow go on where the iteration before stopped,
// in the middle of what one read brought, and a context that ends in the loop's
// body ends the loop before the next event.
func TestIterations(t *testing.T) {
	c := (&fakeConn{in: numbered(100)}).session(t)
	next := 0
	for turn := 0; next < 100; turn++ {
		ctx, cancel := context.WithCancel(t.Context())
		events := c.Events
		if turn%2 == 1 {
			events = c.Borrow
		}
		for ev, err := range events(ctx) {
			if err != nil {
				if ctx.Err() == nil || !errors.Is(err, context.Canceled) {
					t.Fatalf("turn %d, message %d: %v", turn, next, err)
				}
				break
			}
			if ctx.Err() != nil {
				t.Fatalf("message %d came after the context had ended", next)
			}
			m := ev.(*Message)
			if m.Type != int16(next) || m.Data[0] != byte(next) {
				t.Fatalf("message %d, want %d", m.Type, next)
			}
			if next++; next%3 == 0 || next == 100 {
				break
			}
			if next%7 == 0 {
				cancel()
			}
		}
		cancel()
	}
	for _, err := range c.Borrow(t.Context()) {
		if !errors.Is(err, ErrClosed) || !errors.Is(err, io.EOF) {
			t.Errorf("at the end: %v", err)
		}
	}
}

// TestDeadline: a blocked read ends with the context's deadline, and the next
// iteration reads on.
func TestDeadline(t *testing.T) {
	more := make(chan struct{})
	c, err := Connect(t.Context(), listen(t, func(p *peer) {
		p.accept()
		stream := numbered(2)
		p.write(stream[:len(stream)-1])
		<-more
		p.write(stream[len(stream)-1:])
		p.request()
	}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var got []string
	for ev, err := range c.Borrow(ctx) {
		if err != nil {
			got = append(got, err.Error())
			continue
		}
		got = append(got, fmt.Sprint(ev.(*Message).Type))
	}
	close(more)
	for ev, err := range c.Borrow(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(ev.(*Message).Type))
		break
	}
	if want := fmt.Sprint([]string{"0", context.DeadlineExceeded.Error(), "1"}); fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestCloseInLoop: Close reads what still comes, and leaves a message that is
// lent alone; nothing is made of what came with it or after.
func TestCloseInLoop(t *testing.T) {
	c, err := Connect(t.Context(), listen(t, func(p *peer) {
		p.accept()
		stream := numbered(200)
		p.write(stream[:len(stream)/2+10]) // the last one in part
		for {
			if r, ok := p.request(); !ok || r.Type == frame.Kill {
				p.write(stream[len(stream)/2+20:])
				return
			}
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	events := 0
	for ev, err := range c.Borrow(t.Context()) {
		if events++; events == 2 {
			if ev != nil || err != ErrClosed {
				t.Errorf("after Close: %v, %v", ev, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		m := ev.(*Message)
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if m.Type != 0 || m.Sender != "#a#x" || m.Data[0] != 0 {
			t.Errorf("message became %+v", m)
		}
	}
	if events != 2 {
		t.Errorf("%d events", events)
	}
}

// TestCloseAfterCancel: Close waits for the daemon though the context of those
// who read has ended just before.
func TestCloseAfterCancel(t *testing.T) {
	f := &fakeConn{in: numbered(10), deadline: true}
	c := f.session(t)
	if err := c.Close(t.Context()); err != nil || !f.ended {
		t.Errorf("error %v, read to the end %t", err, f.ended)
	}
}

// TestCloseBeside: Close ends a loop in another goroutine.
func TestCloseBeside(t *testing.T) {
	stop := make(chan struct{})
	c, err := Connect(t.Context(), listen(t, func(p *peer) {
		p.accept()
		stream := numbered(1000)
		for {
			select {
			case <-stop:
				return
			default:
				if _, err := p.conn.Write(stream); err != nil {
					return
				}
			}
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	started, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		var last error
		n := 0
		for _, err := range c.Borrow(t.Context()) {
			if n++; n == 1000 {
				close(started)
			}
			last = err
		}
		ended <- last
	}()
	<-started
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_ = c.Close(ctx) // the daemon goes on sending until its time is up
	if err := <-ended; !errors.Is(err, ErrClosed) {
		t.Errorf("ended with %v", err)
	}
	close(stop)
}
