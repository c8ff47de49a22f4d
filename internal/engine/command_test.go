package engine

import (
	"net/netip"
	"testing"
	"time"

	"mpspread/multipath"
)

// A monitor command reaches the driver, once, with the network it came by, and
// the driver's answer goes back.
func TestCommand(t *testing.T) {
	n := newNetwork(t, "alpha")
	a := n.hosts[0]
	operator, err := multipath.NewOperator(multipath.OperatorConfig{
		Cluster:   "test",
		Plaintext: true,
		Target:    1,
		Networks:  []multipath.OperatorNetwork{{ID: 0, Name: "B", To: []netip.AddrPort{address(1, 0)}}},
		Command:   []byte("status"),
		Entropy:   entropy(9, 9),
	})
	if err != nil {
		t.Fatal(err)
	}
	from := netip.MustParseAddrPort("127.0.2.99:9999")
	for range 20 {
		operator.Advance(n.now)
		for _, d := range operator.Datagrams() {
			for range 2 { // copies
				a.Receive(n.now, 1, from, append([]byte(nil), d.Data...))
				out := a.Output()
				a.cmds = append(a.cmds, out.Commands...)
				for _, reply := range out.Datagrams {
					if reply.To == from && reply.Network == 1 {
						operator.Receive(n.now, 0, reply.Data)
					}
				}
			}
		}
		if len(a.cmds) == 1 && string(a.cmds[0].Body) == "status" {
			a.Answer(n.now, a.cmds[0].ID, []byte("all well"))
			for _, reply := range a.Output().Datagrams {
				if reply.To == from {
					operator.Receive(n.now, 0, reply.Data)
				}
			}
		}
		if operator.Done() {
			break
		}
		n.run(100 * time.Millisecond)
	}
	if len(a.cmds) != 1 || a.cmds[0].Network != "B" || a.cmds[0].From != from || !a.cmds[0].Unsealed {
		t.Fatalf("commands: %+v", a.cmds)
	}
	if reply, err := operator.Result(); err != nil || string(reply.Body) != "all well" {
		t.Fatalf("reply %+v, %v", reply, err)
	}
}
