package client

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"mpspread/client/frame"
)

// everyKind is a frame of every kind.
func everyKind() [][]byte {
	id := GroupID{Ring: 1, Epoch: 2, Index: 3}
	return [][]byte{
		frame.AppendMembership(nil, frame.CausedByJoin, "chat", id, []string{me}, [][]string{{me}}, 0),
		frame.AppendMessage(nil, frame.Agreed, "#a#x", frame.NewHint(7), []string{"chat"}, []byte("hello")),
		frame.AppendMessage(nil, frame.Safe|frame.SelfDiscard, "#b#x", frame.Hint{0, 0, 5, 0}, []string{"chat", "other"}, []byte("two groups")),
		frame.AppendMessage(nil, frame.FIFO, "#a#x", frame.NewHint(0), []string{"chat", "other"}, nil),
		frame.AppendMessage(nil, frame.Agreed, "#a#x", frame.NewHint(0), nil, []byte("no group")),
		frame.AppendTransition(nil, "chat", id),
		frame.AppendMembership(nil, frame.CausedByNetwork, "chat", id, []string{"#a#x", me}, [][]string{{"#a#x"}, {me}}, 1),
		frame.AppendReject(nil, frame.CausedByJoin, me, frame.NewHint(0), []string{"g"}, []byte("no")),
		frame.AppendSelfLeave(nil, "chat"),
	}
}

// events is what a stream that is read in pieces of these lengths, again and
// again, makes, written out while each of them is valid, and how it ends.
func events(stream []byte, lend bool, pieces ...int) (all []string, end error) {
	var in inbox
	for i := 0; ; {
		ev, err := in.next(lend)
		if err == nil {
			v := reflect.ValueOf(ev).Elem()
			all = append(all, fmt.Sprintf("%s %+v", v.Type().Name(), v.Interface()))
			continue
		}
		if err != frame.ErrShort || len(stream) == 0 {
			return all, err
		}
		n := min(len(stream), pieces[i%len(pieces)])
		i++
		n = copy(in.space(), stream[:n])
		in.filled(n)
		stream = stream[n:]
	}
}

// TestSplits: wherever the stream is cut, and whether events are lent or not,
// it makes the same events.
func TestSplits(t *testing.T) {
	stream := bytes.Join(everyKind(), nil)
	want, err := events(stream, false, len(stream))
	if len(want) != 9 || err != frame.ErrShort {
		t.Fatalf("%q, %v", want, err)
	}
	for _, part := range []string{
		"Service:agreed Sender:#a#x Groups:[chat] Type:7 SelfDiscard:false BigEndian:false Data:[104 101 108 108 111]",
		"Service:safe Sender:#b#x Groups:[chat other] Type:5 SelfDiscard:true BigEndian:true",
	} {
		if !slices.ContainsFunc(want, func(s string) bool { return strings.Contains(s, part) }) {
			t.Errorf("no %q in %q", part, want)
		}
	}
	for _, lend := range []bool{false, true} {
		for cut := 1; cut <= len(stream); cut++ {
			for _, pieces := range [][]int{{cut}, {cut, len(stream)}} {
				if got, err := events(stream, lend, pieces...); !slices.Equal(got, want) || err != frame.ErrShort {
					t.Fatalf("lend %t, pieces %v: %q, %v", lend, pieces, got, err)
				}
			}
		}
	}
}

// FuzzInbox: a stream makes the same events, and ends for the same reason, cut
// or whole, lent or not.
func FuzzInbox(f *testing.F) {
	for i, b := range everyKind() {
		f.Add(b, 7*i, 1)
	}
	f.Add(make([]byte, 50), 10, 10) // garbage
	f.Fuzz(func(t *testing.T, stream []byte, first, second int) {
		want, end := events(stream, false, len(stream)+1)
		for _, lend := range []bool{false, true} {
			got, err := events(stream, lend, 1+first&0xff, 1+second&0xfff)
			if !slices.Equal(got, want) || err != end {
				t.Errorf("lend %t: %q, %v; whole: %q, %v", lend, got, err, want, end)
			}
		}
	})
}

// TestKept: events are the receiver's, however much is read after them, and one's
// data is not the next one's room.
func TestKept(t *testing.T) {
	var stream []byte
	sizes := []int{0, 1, 100, slabShare, slabShare + 1, 3 * slabSize, 7}
	for i := range 2000 {
		data := bytes.Repeat([]byte{byte(i)}, sizes[i%len(sizes)])
		stream = frame.AppendMessage(stream, frame.Agreed, me, frame.NewHint(int16(i)), []string{"g"}, data)
	}
	c := (&fakeConn{in: stream, cut: func() int { return 50_000 }}).session(t)
	var kept []*Message
	for ev, err := range c.Events(t.Context()) {
		if err != nil {
			break
		}
		m := ev.(*Message)
		if m.Data == nil {
			t.Fatal("no data is nil")
		}
		kept = append(kept, m)
	}
	if len(kept) != 2000 {
		t.Fatalf("%d messages", len(kept))
	}
	for _, m := range kept {
		_ = append(m.Data, 0xee)
	}
	for i, m := range kept {
		if m.Type != int16(i) || m.Sender != me || m.Groups[0] != "g" || !bytes.Equal(m.Data, bytes.Repeat([]byte{byte(i)}, sizes[i%len(sizes)])) {
			t.Fatalf("message %d has become %v of %d bytes, type %d", i, m.Service, len(m.Data), m.Type)
		}
	}
}

// TestAlone: a message that comes alone takes no memory for others.
func TestAlone(t *testing.T) {
	var c copies
	c.clone(make([]byte, 100), 180)
	c.message(1)
	if len(c.data) > 80 || len(c.messages) > 0 {
		t.Errorf("%d bytes and %d messages beside it", len(c.data), len(c.messages))
	}
}

// TestLent: what is lent lies in the read buffer, and its strings outlive it.
func TestLent(t *testing.T) {
	var stream []byte
	for i := range 100 {
		stream = frame.AppendMessage(stream, frame.Agreed, fmt.Sprintf("#s%d#x", i%10), frame.NewHint(0), []string{"g", fmt.Sprint("h", i%7)}, []byte{byte(i)})
	}
	c := (&fakeConn{in: stream}).session(t)
	var senders, groups []string
	for ev, err := range c.Borrow(t.Context()) {
		if err != nil {
			break
		}
		m := ev.(*Message)
		at := uintptr(unsafe.Pointer(&m.Data[0])) - uintptr(unsafe.Pointer(&c.in.buf[0]))
		if at >= uintptr(len(c.in.buf)) || int(m.Data[0]) != len(senders) {
			t.Fatalf("message %d: data %v at %d", len(senders), m.Data, at)
		}
		senders, groups = append(senders, m.Sender), append(groups, m.Groups...)
	}
	for i := range 100 {
		if senders[i] != fmt.Sprintf("#s%d#x", i%10) || groups[2*i] != "g" || groups[2*i+1] != fmt.Sprint("h", i%7) {
			t.Fatalf("message %d came from %s to %s", i, senders[i], groups[2*i:2*i+2])
		}
	}
}

// TestNamesBounded: a stream of ever new names is not remembered for ever.
func TestNamesBounded(t *testing.T) {
	var n names
	for i := range 3 * maxNames {
		want := fmt.Sprintf("#s%d#x", i)
		first, again := n.find([]byte(want)), n.find([]byte(want))
		if first != again || first[0] != want {
			t.Fatalf("%q is %q, then %q", want, *first, *again)
		}
		if len(n.known) > maxNames {
			t.Fatalf("%d names", len(n.known))
		}
	}
}

// TestReceiveAllocs: to borrow a message allocates nothing, whatever its
// groups; one to keep shares its memory with others, and only a list of several
// groups other than the last is its own.
func TestReceiveAllocs(t *testing.T) {
	const messages, lists = 300, 150
	var stream []byte
	for i := range messages {
		groups := []string{"g", fmt.Sprint("h", i%3)}[:1+i%2]
		stream = frame.AppendMessage(stream, frame.Agreed, fmt.Sprintf("#s%d#x", i%3), frame.NewHint(0), groups, make([]byte, 100))
	}
	for _, tt := range []struct {
		lend bool
		most float64
	}{{true, 0}, {false, lists + messages/10}} {
		c := (&fakeConn{in: stream, endless: true}).session(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		receive := func() {
			for range messages {
				if _, err := c.next(ctx, tt.lend); err != nil {
					t.Fatal(err)
				}
			}
		}
		receive()
		if n := testing.AllocsPerRun(100, receive); n > tt.most {
			t.Errorf("lend %t: %v allocations for %d messages", tt.lend, n, messages)
		}
	}
}
