package daemon

import (
	"bytes"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mpspread/client/frame"
	"mpspread/internal/outbox"
)

// pair is a session and the client's end of its connection.
func pair(t *testing.T) (*session, net.Conn) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	var ends [2]net.Conn
	for i, fd := range fds {
		f := os.NewFile(uintptr(fd), "pair")
		if ends[i], err = net.FileConn(f); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		end := ends[i]
		t.Cleanup(func() { _ = end.Close() })
	}
	s, err := newSession(ends[0], peer{local: true}, newSlots(), 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	s.private = "#u#a"
	return s, ends[1]
}

// collector stands for the loop: it copies requests and gives batches back.
type collector struct {
	box     mailbox
	wakings atomic.Int32
	woken   chan struct{}
	data    [][]byte
	end     *ending
}

func newCollector() *collector {
	c := &collector{woken: make(chan struct{}, 1)}
	c.box.wake = func() {
		c.wakings.Add(1)
		select {
		case c.woken <- struct{}{}:
		default:
		}
	}
	return c
}

// run collects until the session ends.
func (c *collector) run() {
	for c.end == nil {
		<-c.woken
		mail, _ := c.box.take(nil)
		for _, m := range mail {
			for i := range m.batch.requests {
				c.data = append(c.data, bytes.Clone(m.batch.requests[i].Data))
			}
			c.end = m.batch.end
			m.batch.session.free <- m.batch
		}
	}
}

// TestReaderSplits: frames of all sizes arrive whole however the bytes are cut.
func TestReaderSplits(t *testing.T) {
	var stream []byte
	sizes := []int{0, 1, 4000, leastBuffer - 48, leastBuffer, 70_000, 3, frame.MaxBody, 0, 9}
	for i, n := range sizes {
		stream = frame.AppendMessage(stream, frame.Agreed, "#u#a", frame.NewHint(0), nil, bytes.Repeat([]byte{byte(i)}, n))
	}
	for _, step := range []int{1 << 20, 4096, 1000, 48, 47} {
		s, client := pair(t)
		c := newCollector()
		go newReader(s, &c.box, newSlots(), limits{body: frame.MaxBody, groups: 100}).run(stream[:30])
		go func() {
			for rest := stream[30:]; len(rest) > 0; {
				n := min(step, len(rest))
				if _, err := client.Write(rest[:n]); err != nil {
					return
				}
				rest = rest[n:]
			}
			_ = client.Close()
		}()
		c.run()
		if c.end.cause != endClosed || len(c.data) != len(sizes) {
			t.Fatalf("step %d: %d of %d frames, end %v", step, len(c.data), len(sizes), c.end)
		}
		for i, n := range sizes {
			if !bytes.Equal(c.data[i], bytes.Repeat([]byte{byte(i)}, n)) {
				t.Fatalf("step %d: frame %d is wrong", step, i)
			}
		}
		s.shut()
	}
}

// TestReaderBatches: many small requests come in few batches, and a client
// whose batches the loop keeps is not read any more.
func TestReaderBatches(t *testing.T) {
	s, client := pair(t)
	c := newCollector()
	done := make(chan struct{})
	go func() {
		defer close(done)
		newReader(s, &c.box, newSlots(), limits{body: frame.MaxBody, groups: 100}).run(nil)
	}()
	one := frame.AppendMessage(nil, frame.Agreed, "#u#a", frame.NewHint(0), []string{"g"}, make([]byte, 100))
	for err := error(nil); err == nil; { // until the reader has stopped reading
		_ = client.SetWriteDeadline(time.Now().Add(500 * time.Millisecond))
		_, err = client.Write(bytes.Repeat(one, 50))
	}
	mail, _ := c.box.take(nil)
	if len(mail) != maxBatches {
		t.Errorf("%d batches under way, want %d", len(mail), maxBatches)
	}
	if c.wakings.Load() != 1 {
		t.Errorf("the loop was woken %d times", c.wakings.Load())
	}
	s.shut()
	<-done
}

// TestReaderDisconnect: nothing is read behind a disconnect.
func TestReaderDisconnect(t *testing.T) {
	s, client := pair(t)
	b := frame.AppendMessage(nil, frame.Agreed, "#u#a", frame.NewHint(0), nil, []byte("x"))
	b = frame.AppendMessage(b, frame.Kill, "#u#a", frame.NewHint(0), nil, nil)
	b = append(b, bytes.Repeat([]byte{0xff}, 100)...)
	if _, err := client.Write(b); err != nil {
		t.Fatal(err)
	}
	c := newCollector()
	newReader(s, &c.box, newSlots(), limits{body: frame.MaxBody, groups: 100}).run(nil)
	c.run()
	if len(c.data) != 1 || c.end.cause != endDisconnect {
		t.Errorf("%d requests, end %v", len(c.data), c.end)
	}
}

// TestReaderShut: a session that is shut while its reader has nothing to fill,
// by its writer for example, still says that it ends.
func TestReaderShut(t *testing.T) {
	s, _ := pair(t)
	for range maxBatches {
		<-s.free // the loop has them
	}
	s.shut()
	c := newCollector()
	newReader(s, &c.box, newSlots(), limits{body: frame.MaxBody, groups: 100}).run(nil)
	c.run()
	if c.end.cause != endClosed {
		t.Errorf("end %v", c.end)
	}
	for range maxBatches {
		s.free <- &batch{} // there is room for all of them
	}
}

func TestPace(t *testing.T) {
	gone, already := make(chan struct{}), make(chan struct{})
	close(already) // who has to wait hears of it
	p := pace{rate: 1000, level: 1000, last: time.Now()}
	begin := time.Now()
	if !p.wait(1000, already) {
		t.Error("a second's worth does not pass at once")
	}
	if !p.wait(100, gone) || time.Since(begin) < 80*time.Millisecond {
		t.Errorf("a tenth of a second's worth more took %v", time.Since(begin))
	}
	close(gone)
	if p.wait(100_000, gone) {
		t.Error("waits for a session that is gone")
	}
	if free := (pace{}); !free.wait(1<<30, gone) {
		t.Error("no rate does not let pass")
	}
}

// TestWriterShares: what is queued while the writer is busy goes in one write,
// in order, and the bytes are counted until they are gone.
func TestWriterShares(t *testing.T) {
	s, client := pair(t)
	var want []byte
	var staged [][]byte
	bytesStaged := 0
	for i := range 2000 {
		f := bytes.Repeat([]byte{byte(i)}, i%300)
		want = append(want, f...)
		staged = append(staged, f)
		bytesStaged += len(f) + outbox.ItemCost
	}
	empty, _, waiting := s.out.put(staged, bytesStaged)
	if len(empty) != 0 || waiting != bytesStaged {
		t.Errorf("%d left, %d bytes waiting", len(empty), waiting)
	}
	done := make(chan struct{})
	go func() { defer close(done); s.write() }()
	got := make([]byte, len(want))
	for n := 0; n < len(got); {
		k, err := client.Read(got[n:])
		if err != nil {
			t.Fatal(err)
		}
		n += k
	}
	if !bytes.Equal(got, want) {
		t.Error("bytes are out of order")
	}
	s.out.finish()
	<-done
	if _, _, waiting := s.out.put(nil, 0); waiting != 0 {
		t.Errorf("%d bytes still counted", waiting)
	}
}

func TestAdvance(t *testing.T) {
	bufs := func() [][]byte { return [][]byte{[]byte("ab"), nil, []byte("cde")} }
	for n, want := range []string{"abcde", "bcde", "cde", "de", "e", ""} {
		if got := string(bytes.Join(advance(bufs(), n), nil)); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
