//go:build linux

package labnet

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The filter of a host's namespace, in three steps of a packet's way in: "cut"
// drops silently what the sets name, by interface and source; "impair" drops
// some; "pass" counts what goes on to the sockets. Each interface and source
// has a counter of its own at each step, and one more for the ring's own
// packets.

const table = "mpslab"

// ringKind is the lowest kind of a datagram that carries something of the
// ring; the kinds below are multipath's own (hello, probe …).
const ringKind = 32

// Counter is what a host's filter counts of each path to it.
type Counter string

// The counters. Lost packets are those an Impairment has dropped, Dropped ones
// those that a cut has. Ring are those of the passed that carry something of
// the ring.
const (
	Passed  Counter = "pass"
	Dropped Counter = "drop"
	Lost    Counter = "lost"
	Ring    Counter = "ring"
)

var allCounters = []Counter{Passed, Dropped, Lost, Ring}

func (c Counter) of(from string, network int) string {
	return string(c) + "_" + from + "_" + Interface(network)
}

// filter is the input for nft that makes the filter of a host.
func (b *Testbed) filter(host string) string {
	var sets, cut, pass strings.Builder
	fmt.Fprintf(&sets, "set cut { type ifname . %s; }\n", b.addressType())
	for n := range b.Networks {
		for _, from := range b.Hosts {
			if from == host || !b.On(from, n) {
				continue
			}
			source := b.source(from, n)
			for _, c := range allCounters {
				fmt.Fprintf(&sets, "counter %s { }\n", c.of(from, n))
			}
			fmt.Fprintf(&cut, "%s iifname . %s saddr @cut counter name %s drop\n", source, b.ip(), Dropped.of(from, n))
			fmt.Fprintf(&pass, "%s udp dport %d counter name %s\n", source, Port, Passed.of(from, n))
			// The kind is the fourth byte of the datagram, the twelfth behind
			// the UDP header's start.
			fmt.Fprintf(&pass, "%s udp dport %d @th,88,8 >= %d counter name %s\n", source, Port, ringKind, Ring.of(from, n))
		}
	}
	return fmt.Sprintf(`table inet %s {
%s
chain cut { type filter hook prerouting priority -300;
%s}
chain impair { type filter hook prerouting priority -290; }
chain pass { type filter hook input priority 0;
%s}
chain refuse { type filter hook output priority 0; }
}
`, table, sets.String(), cut.String(), pass.String())
}

// source matches what comes from a host by a network.
func (b *Testbed) source(from string, network int) string {
	return fmt.Sprintf("iifname %q %s saddr %s", Interface(network), b.ip(), b.Address(from, network))
}

func (b *Testbed) ip() string {
	if b.IPv6 {
		return "ip6"
	}
	return "ip"
}

func (b *Testbed) addressType() string {
	if b.IPv6 {
		return "ipv6_addr"
	}
	return "ipv4_addr"
}

// Cut drops silently what the paths carry, in the receivers' namespaces.
func (b *Testbed) Cut(paths []Path) error { return b.setCut("add", paths) }

// Mend ends what Cut began.
func (b *Testbed) Mend(paths []Path) error { return b.setCut("delete", paths) }

// setCut puts paths into the cut sets or takes them out, one transaction per
// receiver.
func (b *Testbed) setCut(verb string, paths []Path) error {
	elements := map[string][]string{}
	for _, p := range paths {
		elements[p.To] = append(elements[p.To], fmt.Sprintf("%q . %s", Interface(p.number()), b.Address(p.From, p.number())))
	}
	for _, to := range slices.Sorted(maps.Keys(elements)) {
		if err := b.nft(to, fmt.Sprintf("%s element inet %s cut { %s }\n", verb, table, strings.Join(elements[to], ", "))); err != nil {
			return err
		}
	}
	return nil
}

// Impairment says which of a path's datagrams between daemons are lost in the
// receiver's filter. Lengths are of IP packets. Segmentation offload must be
// off, or a run of datagrams counts as one long packet.
type Impairment struct {
	Loss   float64 // share of all, 0 to 1, at random
	Every  int     // one of so many, counted; 0: none
	Larger int     // all that are longer than so many bytes; 0: none
	// Rate is how many bytes a second come through, Burst how many at once;
	// 0: no limit.
	Rate, Burst int
}

// Impair sets the impairment of the paths; the zero Impairment ends it.
func (b *Testbed) Impair(paths []Path, i Impairment) error {
	changed := map[string]bool{}
	for _, p := range paths {
		if b.impaired[p.To] == nil {
			b.impaired[p.To] = map[Path]Impairment{}
		}
		b.impaired[p.To][p] = i
		if i == (Impairment{}) {
			delete(b.impaired[p.To], p)
		}
		changed[p.To] = true
	}
	for _, host := range slices.Sorted(maps.Keys(changed)) {
		if err := b.nft(host, b.impairRules(b.impaired[host])); err != nil {
			return err
		}
	}
	return nil
}

// impairRules is the input for nft that makes the impairments of a host what
// they should be.
func (b *Testbed) impairRules(all map[Path]Impairment) string {
	var out strings.Builder
	fmt.Fprintf(&out, "flush chain inet %s impair\n", table)
	for _, p := range slices.SortedFunc(maps.Keys(all), comparePaths) {
		for _, match := range all[p].matches() {
			fmt.Fprintf(&out, "add rule inet %s impair %s udp dport %d %s counter name %s drop\n",
				table, b.source(p.From, p.number()), Port, match, Lost.of(p.From, p.number()))
		}
	}
	return out.String()
}

// matches are what nft must match to drop.
func (i Impairment) matches() []string {
	var list []string
	if i.Loss > 0 {
		list = append(list, fmt.Sprintf("numgen random mod 10000 < %d", int(i.Loss*10_000)))
	}
	if i.Every > 0 {
		list = append(list, fmt.Sprintf("numgen inc mod %d 0", i.Every))
	}
	if i.Larger > 0 {
		list = append(list, fmt.Sprintf("meta length > %d", i.Larger))
	}
	if i.Rate > 0 {
		list = append(list, fmt.Sprintf("limit rate over %d bytes/second burst %d bytes", i.Rate, max(i.Burst, 1500)))
	}
	return list
}

// Refuse lets the system refuse with an error what a host sends to daemons by a
// network, or ends that.
func (b *Testbed) Refuse(host string, network int, on bool) error {
	input := fmt.Sprintf("flush chain inet %s refuse\n", table)
	if on {
		input = fmt.Sprintf("add rule inet %s refuse oifname %q udp dport %d drop\n", table, Interface(network), Port)
	}
	return b.nft(host, input)
}

func comparePaths(a, b Path) int {
	return cmp.Or(strings.Compare(a.Network, b.Network), strings.Compare(a.From, b.From), strings.Compare(a.To, b.To))
}

// Counts are the counters of all hosts' filters at about one moment.
type Counts map[string]map[string]uint64

// Counts reads the filters of all hosts.
func (b *Testbed) Counts() (Counts, error) {
	all := Counts{}
	for _, host := range b.Hosts {
		c, err := b.hostCounts(host)
		if err != nil {
			return nil, err
		}
		all[host] = c
	}
	return all, nil
}

// Of is what was counted of a path. The path must be one of the testbed's.
func (c Counts) Of(kind Counter, p Path) uint64 {
	n, ok := c[p.To][kind.of(p.From, p.number())]
	if !ok {
		panic(fmt.Sprintf("labnet: no counter for %v", p))
	}
	return n
}

// Since is by how much a counter grew since an earlier reading.
func (c Counts) Since(earlier Counts, kind Counter, p Path) uint64 {
	return c.Of(kind, p) - earlier.Of(kind, p)
}

// hostCounts reads the counters of a host's filter, by name.
func (b *Testbed) hostCounts(host string) (map[string]uint64, error) {
	out, err := tool("", b.Inside(host, "nft", "-j", "list", "counters", "table", "inet", table)...)
	if err != nil {
		return nil, err
	}
	var list struct {
		Nftables []struct {
			Counter *struct {
				Name    string
				Packets uint64
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		return nil, fmt.Errorf("labnet: nft's counters: %w", err)
	}
	counters := map[string]uint64{}
	for _, e := range list.Nftables {
		if e.Counter != nil {
			counters[e.Counter.Name] = e.Counter.Packets
		}
	}
	return counters, nil
}
