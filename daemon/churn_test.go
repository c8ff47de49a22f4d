package daemon

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"mpspread/client/frame"
	"mpspread/internal/admin"
)

// TestChurn: clients of two daemons come and go in every way at once, polite
// and not, while one watches. In the end all are gone and nothing is left of
// them.
func TestChurn(t *testing.T) {
	c := newCluster(t, "", "h1", "h2")
	daemons := []*running{c.start("h1"), c.start("h2")}
	watcher := daemons[0].login("watcher")
	watcher.join("#watcher#h1", "g0")
	var all sync.WaitGroup
	for worker := range 16 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(7, uint64(worker)))
			for range 15 {
				churn(random, daemons[random.IntN(2)])
			}
		})
	}
	all.Wait()
	for i, d := range daemons {
		d.eventually(func() bool {
			var s admin.Status
			d.get("/v1/status", &s)
			return s.Sessions == 1-i && s.Groups == 1
		})
	}
	if m := watcher.members(1); string(m.Members.At(0)) != "#watcher#h1" {
		t.Errorf("left over: %q", m.Members.Strings())
	}
}

// churn is the life of one client.
func churn(random *rand.Rand, d *running) {
	conn, err := net.Dial("unix", d.socket)
	if err != nil {
		d.t.Error(err)
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if random.IntN(8) == 0 {
		_, _ = conn.Write(garbage(random, 1+random.IntN(200)))
		return
	}
	name := fmt.Sprintf("n%d", random.IntN(20)) // some are taken
	private := "#" + name + "#" + d.name
	b := frame.AppendHello(nil, frame.Hello{Version: frame.DaemonVersion, Membership: random.IntN(2) == 0, Name: name})
	_, _ = conn.Write(frame.AppendChoice(b, "NULL"))
	if random.IntN(8) == 0 {
		return // without waiting
	}
	answer := make([]byte, 11+len(private))
	if _, err := io.ReadFull(conn, answer); err != nil {
		return // refused
	}
	b = b[:0]
	for range random.IntN(30) {
		groups := []string{fmt.Sprintf("g%d", random.IntN(3)), "#n1#h1"}
		t := []frame.Type{frame.Join, frame.Leave, frame.Agreed, frame.Safe, frame.FIFO | frame.SelfDiscard}[random.IntN(5)]
		b = frame.AppendMessage(b, t, private, frame.NewHint(0), groups, make([]byte, random.IntN(3000)))
	}
	switch random.IntN(4) {
	case 0:
		b = frame.AppendMessage(b, frame.Kill, private, frame.NewHint(0), nil, nil)
	case 1:
		b = append(b, garbage(random, 100)...)
	case 2:
		b = b[:len(b)*random.IntN(100)/100]
	}
	_, _ = conn.Write(b)
	if random.IntN(2) == 0 {
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		_, _ = io.CopyN(io.Discard, conn, int64(random.IntN(5000)))
	}
}

func garbage(random *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}
