//go:build linux

package lab

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// The filter of a daemon's namespace, in three steps of a packet's way in:
// "cut" drops silently what the sets name, by interface and source; "loss"
// drops at random; "pass" counts what goes on to the sockets. Each interface
// and source has a counter of its own at "cut" and at "pass", and one more for
// the ring's own packets.

const table = "mpslab"

// ringKind is the lowest kind of a datagram that carries something of the
// ring; the kinds below are multipath's own (hello, probe …).
const ringKind = 32

// filter is the input for nft that makes the filter of a daemon.
func (l *Lab) filter(daemon int) string {
	var sets, cut, pass strings.Builder
	fmt.Fprintf(&sets, "set cut { type ifname . %s; }\n", l.addressType())
	for n := range l.Options.Networks {
		for from, d := range l.Daemons {
			if from == daemon || !l.on(d.Name, n) {
				continue
			}
			source := fmt.Sprintf("iifname %q %s saddr %s", iface(n), l.ip(), l.address(n, from))
			for _, kind := range []string{"drop", "pass", "ring"} {
				fmt.Fprintf(&sets, "counter %s { }\n", counterName(kind, d.Name, n))
			}
			fmt.Fprintf(&cut, "%s iifname . %s saddr @cut counter name %s drop\n", source, l.ip(), counterName("drop", d.Name, n))
			fmt.Fprintf(&pass, "%s udp dport %d counter name %s\n", source, Port, counterName("pass", d.Name, n))
			// The kind is the fourth byte of the datagram, the twelfth behind
			// the UDP header's start.
			fmt.Fprintf(&pass, "%s udp dport %d @th,88,8 >= %d counter name %s\n", source, Port, ringKind, counterName("ring", d.Name, n))
		}
	}
	return fmt.Sprintf(`table inet %s {
%s
chain cut { type filter hook prerouting priority -300;
%s}
chain loss { type filter hook prerouting priority -290; }
chain pass { type filter hook input priority 0;
%s}
}
`, table, sets.String(), cut.String(), pass.String())
}

func (o Options) ip() string {
	if o.IPv6 {
		return "ip6"
	}
	return "ip"
}

func (o Options) addressType() string {
	if o.IPv6 {
		return "ipv6_addr"
	}
	return "ipv4_addr"
}

func counterName(kind, from string, network int) string {
	return kind + "_" + from + "_" + iface(network)
}

// counters reads all counters of a daemon's filter at one moment, by name.
func (l *Lab) counters(t testing.TB, daemon int) map[string]uint64 {
	t.Helper()
	out := must(t, "", inside(l.Daemons[daemon].namespace, "nft", "-j", "list", "counters", "table", "inet", table)...)
	var list struct {
		Nftables []struct {
			Counter *struct {
				Name    string
				Packets uint64
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatalf("lab: nft's counters: %v", err)
	}
	counters := map[string]uint64{}
	for _, e := range list.Nftables {
		if e.Counter != nil {
			counters[e.Counter.Name] = e.Counter.Packets
		}
	}
	return counters
}

// setCut puts paths into the cut set or takes them out, one transaction per
// receiver.
func (l *Lab) setCut(t testing.TB, verb string, paths []Path) {
	t.Helper()
	elements := map[int][]string{}
	for _, p := range paths {
		to := l.index(p.To)
		elements[to] = append(elements[to], fmt.Sprintf("%q . %s", iface(p.network()), l.address(p.network(), l.index(p.From))))
	}
	for to := range l.Daemons {
		if len(elements[to]) == 0 {
			continue
		}
		must(t, fmt.Sprintf("%s element inet %s cut { %s }\n", verb, table, strings.Join(elements[to], ", ")),
			inside(l.Daemons[to].namespace, "nft", "-f", "-")...)
	}
}

// setLoss makes every daemon lose this share (0 to 1) of what comes by the
// network; 0 ends all loss everywhere.
func (l *Lab) setLoss(t testing.TB, network int, share float64) {
	t.Helper()
	input := fmt.Sprintf("flush chain inet %s loss\n", table)
	if share > 0 {
		input = fmt.Sprintf("add rule inet %s loss iifname %q udp dport %d numgen random mod 1000 < %d drop\n",
			table, iface(network), Port, int(share*1000))
	}
	for _, d := range l.Daemons {
		must(t, input, inside(d.namespace, "nft", "-f", "-")...)
	}
}
