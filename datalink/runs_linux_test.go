//go:build !portable

package datalink

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// planOf plans datagrams written as "destination:length", and writes the runs
// as "destination:length,length", as many as one call takes.
func planOf(segments, largest int, datagrams ...string) (runs []string, taken int) {
	var p plan
	p.reset(segments, largest)
	lengths := make([]string, turnRuns)
	for _, d := range datagrams {
		var host rune
		var n int
		if _, err := fmt.Sscanf(d, "%c:%d", &host, &n); err != nil {
			panic(err)
		}
		if !p.add(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(host)}), 1), n) {
			break
		}
		k := p.belongs[taken]
		lengths[k] += fmt.Sprintf(",%d", n)
		taken++
	}
	p.layout()
	place := 0
	for k, r := range p.runs {
		runs = append(runs, fmt.Sprintf("%c:%s", r.to.Addr().As4()[3], strings.TrimPrefix(lengths[k], ",")))
		if r.first != place {
			panic("the runs do not lie side by side")
		}
		place += r.count
	}
	return runs, taken
}

func times(n int, datagrams ...string) []string {
	return slices.Repeat(datagrams, n)
}

func TestPlan(t *testing.T) {
	many := make([]string, 40)
	for i := range many {
		many[i] = fmt.Sprintf("%c:100", 'A'+i)
	}
	lengths := func(n int, length string) string { return strings.TrimSuffix(strings.Repeat(length+",", n), ",") }
	for _, c := range []struct {
		name              string
		segments, largest int
		have, want        []string
	}{
		{"nothing", 64, 1472, nil, nil},
		{"one", 64, 1472, []string{"a:100"}, []string{"a:100"}},
		{"equal lengths", 64, 1472, []string{"a:100", "a:100", "a:100"}, []string{"a:100,100,100"}},
		{"the last is shorter", 64, 1472, []string{"a:100", "a:100", "a:99", "a:100"}, []string{"a:100,100,99", "a:100"}},
		{"shorter twice", 64, 1472, []string{"a:100", "a:99", "a:99"}, []string{"a:100,99", "a:99"}},
		{"longer", 64, 1472, []string{"a:100", "a:101", "a:101"}, []string{"a:100", "a:101,101"}},
		{"empty ones go alone", 64, 1472, []string{"a:100", "a:0", "a:0", "a:1"}, []string{"a:100", "a:0", "a:0", "a:1"}},
		{"no runs", 1, 1472, []string{"a:100", "a:100"}, []string{"a:100", "a:100"}},
		{"larger than the network takes", 64, 99, []string{"a:100", "a:100", "a:50"}, []string{"a:100", "a:100", "a:50"}},
		{"as large as it takes", 64, 100, []string{"a:100", "a:100"}, []string{"a:100,100"}},
		{"as many as there may be", 3, 1472, times(7, "a:9"), []string{"a:9,9,9", "a:9,9,9", "a:9"}},
		{"as long as UDP takes", 64, 65507, []string{"a:30000", "a:30000", "a:5507", "a:30000", "a:30000", "a:5508"},
			[]string{"a:30000,30000,5507", "a:30000,30000", "a:5508"}},
		{"two destinations", 64, 1472, []string{"a:100", "a:100", "b:100", "b:100"}, []string{"a:100,100", "b:100,100"}},
		{"copies for each daemon", 64, 1472, times(3, "a:100", "b:100", "c:100"), []string{"a:100,100,100", "b:100,100,100", "c:100,100,100"}},
		{"copies, the last shorter", 64, 1472, append(times(2, "a:100", "b:100"), "a:60", "b:60"), []string{"a:100,100,60", "b:100,100,60"}},
		{"data does not overtake the token", 64, 1472, append(times(2, "g:100"), "a:60", "g:100", "g:100"), []string{"g:100,100", "a:60", "g:100,100"}},
		{"nor one that ends a run", 64, 1472, append(times(2, "a:100", "b:100"), "b:60", "a:100", "b:100"),
			[]string{"a:100,100", "b:100,100,60", "a:100", "b:100"}},
		{"other lengths do not overtake", 64, 1472, []string{"a:100", "b:90", "a:100", "b:90"}, []string{"a:100", "b:90", "a:100", "b:90"}},
		{"a call's worth of datagrams", 128, 1472, times(130, "a:9"), []string{"a:" + lengths(128, "9")}},
		{"a call's worth of runs", 64, 1472, many, many[:turnRuns]},
		{"a call's worth of bytes", 64, 9000, times(30, "a:9000"), []string{"a:" + lengths(7, "9000"), "a:" + lengths(7, "9000"), "a:" + lengths(7, "9000")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, _ := planOf(c.segments, c.largest, c.have...); !slices.Equal(got, c.want) {
				t.Errorf("have %q\nwant %q", got, c.want)
			}
		})
	}
}

// Whatever is to be sent, each datagram goes once, in order for its
// destination, in runs that the kernel takes, and calls are of bounded size.
func FuzzPlan(f *testing.F) {
	f.Add(uint8(64), uint16(1472), []byte("\x00\xff\x00\xff\x01\xff\x01\xff\x00\x20"))
	f.Add(uint8(128), uint16(65507), []byte{0, 255, 0, 254, 0, 255, 16, 0, 17, 0})
	f.Fuzz(func(t *testing.T, segments uint8, largest uint16, text []byte) {
		type datagram struct {
			to netip.AddrPort
			n  int
		}
		var all []datagram
		for c := range slices.Chunk(text, 2) { // destination and unit; number of units
			if len(c) == 2 {
				to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, c[0] & 7}), 1)
				all = append(all, datagram{to, min(int(c[1])*(1<<(c[0]>>4&15)), maxPayload)})
			}
		}
		most := min(max(int(segments), 1), mostSegments)
		var p plan
		for done := 0; done < len(all); {
			p.reset(most, int(largest))
			taken := 0
			for done+taken < len(all) && p.add(all[done+taken].to, all[done+taken].n) {
				taken++
			}
			p.layout()
			if taken == 0 || taken > turnSegments || len(p.runs) > turnRuns || taken > 1 && p.bytes > turnBytes {
				t.Fatalf("a call for %d datagrams in %d runs of %d bytes", taken, len(p.runs), p.bytes)
			}
			runs := make([][]datagram, len(p.runs))
			order := make(map[netip.AddrPort][]datagram)
			for j, k := range p.belongs {
				d := all[done+j]
				runs[k] = append(runs[k], d)
				order[d.to] = append(order[d.to], d)
			}
			place := 0
			for k, r := range p.runs {
				bytes := 0
				for j, d := range runs[k] {
					bytes += d.n
					if d.to != r.to || d != order[d.to][0] || len(runs[k]) > 1 && (d.n == 0 || d.n > r.segment || d.n < r.segment && j+1 < len(runs[k])) {
						t.Fatalf("datagram %d of run %d: %+v of %+v", j, k, d, r)
					}
					order[d.to] = order[d.to][1:]
				}
				if r.first != place || r.count != len(runs[k]) || r.bytes != bytes || r.segment != runs[k][0].n || r.count > most ||
					r.count > 1 && (bytes > maxPayload || r.segment > int(largest)) {
					t.Fatalf("run %d of %d datagrams, %d bytes: %+v", k, len(runs[k]), bytes, r)
				}
				place += r.count
			}
			done += taken
		}
	})
}
