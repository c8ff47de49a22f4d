package engine

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"mpspread/groups"
	"mpspread/ring"
)

// Partitions at random times, merges that are cut short, clients that come and
// go meanwhile: in the end all daemons have the same table, it is what the
// clients asked for, and every accepted message has come back to its sender
// once and in order.
func TestRandomPartitions(t *testing.T) {
	var interrupted, completed uint64
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			n := newNetwork(t, "alpha", "beta", "gamma", "delta")
			randomPartitions(n, rand.New(rand.NewPCG(seed, 3)))
			for _, h := range n.hosts {
				c := h.Status(n.now).GroupLayer.Counters
				interrupted += c.Interrupted
				completed += c.Exchanges
				if c.Malformed+c.Unexpected != 0 {
					t.Errorf("%s refused payloads of our own: %+v", h.name, c)
				}
			}
		})
	}
	if interrupted == 0 || completed == 0 {
		t.Error("no exchange was interrupted, or none completed")
	}
	t.Logf("%d exchanges completed, %d interrupted", completed, interrupted)
}

// user is a client that sends to a group and to itself.
type user struct {
	*host
	id      groups.SessionID
	private string
	sent    []string
	wish    map[string]bool
}

func randomPartitions(n *network, rng *rand.Rand) {
	t := n.t
	var users []*user
	for i, h := range n.hosts {
		for j := range 2 {
			u := &user{host: h, id: groups.SessionID(2*i + j + 1), wish: make(map[string]bool)}
			u.private = h.open(u.id, fmt.Sprintf("u%d", j))
			users = append(users, u)
		}
		for g := range 700 { // a table of several pieces
			n.doRetry(h, func() error { return h.Join(n.now, users[2*i].id, fmt.Sprintf("%s-long-group-name-%05d", h.name, g)) })
		}
	}
	for step := range 120 {
		u := users[rng.IntN(len(users))]
		switch r := rng.IntN(10); {
		case r < 3:
			g := fmt.Sprintf("g%d", rng.IntN(3))
			u.wish[g] = rng.IntN(3) > 0
			n.doRetry(u.host, func() error {
				if u.wish[g] {
					return u.Join(n.now, u.id, g)
				}
				return u.Leave(n.now, u.id, g)
			})
		case r < 8:
			data := fmt.Sprint(step)
			if u.Multicast(n.now, u.id, &groups.Multicast{Service: ring.Safe, Groups: []string{u.private, "g0"}, Data: []byte(data)}) == nil {
				u.sent = append(u.sent, data)
			}
			n.take(u.host)
		default:
			n.part(rng)
			if r == 9 { // and again while tables are exchanged
				for end := n.now + 3*time.Second; !n.exchanging() && n.step(end); {
				}
				n.run(time.Duration(rng.IntN(3000)) * time.Microsecond)
				n.part(rng)
			}
		}
		n.run(time.Duration(rng.IntN(400)) * time.Millisecond / time.Duration(1+rng.IntN(40)))
	}
	clear(n.side)
	n.until("one ring", 30*time.Second, func() bool { return n.together(n.hosts...) })
	n.run(2 * time.Second)
	if !n.together(n.hosts...) {
		t.Fatal("the ring did not stay")
	}
	list := n.hosts[0].Groups()
	for _, h := range n.hosts[1:] {
		if !reflect.DeepEqual(h.Groups(), list) {
			t.Errorf("%s has another table", h.name)
		}
	}
	for _, u := range users {
		for g, wanted := range u.wish {
			i := slices.IndexFunc(list, func(info groups.Info) bool { return info.Name == g })
			if is := i >= 0 && slices.Contains(list[i].Members, u.private); is != wanted {
				t.Errorf("%s in %s: %v, want %v", u.private, g, is, wanted)
			}
		}
		var own []string
		for _, e := range u.events {
			if e.Kind == groups.EventMessage && e.Message.Sender == u.private && slices.Contains(e.Sessions, u.id) {
				own = append(own, string(e.Message.Data))
			}
		}
		if !slices.Equal(own, u.sent) {
			t.Errorf("%s sent %v and got back %v", u.private, u.sent, own)
		}
	}
}

// part puts every host on one of two sides.
func (n *network) part(rng *rand.Rand) {
	for _, h := range n.hosts {
		n.side[h.name] = rng.IntN(2)
	}
}

func (n *network) exchanging() bool {
	return slices.ContainsFunc(n.hosts, func(h *host) bool { return !h.groups.Ready() })
}

// doRetry asks until there is room.
func (n *network) doRetry(h *host, ask func() error) {
	n.t.Helper()
	for range 10_000 {
		err := ask()
		n.take(h)
		if err == nil {
			return
		}
		if err != ring.ErrWindowFull {
			n.t.Fatal(err)
		}
		n.run(10 * time.Millisecond)
	}
	n.t.Fatal("never room")
}
