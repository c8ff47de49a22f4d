package multipath

import (
	"math/bits"
	"testing"

	"pgregory.net/rapid"
)

func testWindow() (*window, *ledger) {
	w := newWindow(64)
	return &w, &ledger{shared: 0b11}
}

func TestWindowCheck(t *testing.T) {
	const top = 1<<64 - 1
	for _, c := range []struct {
		name   string
		accept []uint64
		floor  uint64
		check  uint64
		want   verdict
	}{
		{"first", nil, 0, 1, fresh},
		{"zero never", nil, 0, 0, beyond},
		{"same again", []uint64{5}, 0, 5, duplicate},
		{"gap", []uint64{5, 7}, 0, 6, fresh},
		{"lower edge", []uint64{100}, 0, 37, fresh},
		{"below", []uint64{100}, 0, 36, beyond},
		{"edge accepted", []uint64{37, 100}, 0, 37, duplicate},
		{"fell out", []uint64{36, 100}, 0, 36, beyond},
		{"jump by the size", []uint64{36, 100}, 0, 100, duplicate},
		{"slot reused", []uint64{36, 99}, 0, 36, duplicate},
		{"jump far", []uint64{1, 2, 3, 1 << 40}, 0, 1<<40 - 61, fresh},
		{"last counter", []uint64{top}, 0, top, duplicate},
		{"before the last", []uint64{top}, 0, top - 63, fresh},
		{"below the last", []uint64{top}, 0, top - 64, beyond},
		{"up to the last", []uint64{top - 3, top}, 0, top - 3, duplicate},
		{"under the floor", []uint64{100}, 90, 89, beyond},
		{"on the floor", []uint64{100}, 90, 90, fresh},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, l := testWindow()
			for _, a := range c.accept {
				if w.check(a) != fresh {
					t.Fatalf("%d is not fresh", a)
				}
				w.accept(a, a, 1, l)
			}
			w.raiseFloor(c.floor)
			if got := w.check(c.check); got != c.want {
				t.Errorf("check(%d) = %d, want %d", c.check, got, c.want)
			}
		})
	}
}

// A window that grew must go on refusing what had fallen out of it.
func TestWindowGrowForgetsNothing(t *testing.T) {
	w, l := testWindow()
	for c := uint64(1); c <= 1000; c += 2 {
		w.accept(c, c, 1, l)
	}
	w.grow(4096)
	for c := uint64(1); c <= 1000; c++ {
		want := beyond
		if c > 999-64 {
			want = fresh
			if c%2 == 1 {
				want = duplicate
			}
		}
		if c > 999 {
			want = fresh
		}
		if got := w.check(c); got != want {
			t.Fatalf("check(%d) = %d, want %d", c, got, want)
		}
	}
	if !w.credit(999, 999, 2, l) || w.credit(997, 1, 2, l) {
		t.Error("tags were not kept")
	}
}

func TestWindowGrowsForABusySender(t *testing.T) {
	w, l := newWindow(windowStart), &ledger{shared: 0b11}
	c := uint64(0)
	for range 20 {
		for range 3000 {
			c++
			w.accept(c, c, 1, l)
		}
		w.tick(l)
	}
	if w.size() != 32768 {
		t.Errorf("size %d", w.size())
	}
	for range 20 {
		c += 1 << 40
		w.accept(c, c, 1, l)
		w.tick(l)
	}
	if w.size() != windowMax {
		t.Errorf("size %d", w.size())
	}
}

// modelEntry is what the simplest possible window would keep of a packet.
type modelEntry struct {
	tag      uint64
	networks uint8
	single   bool
	settled  bool
}

// modelWindow keeps everything for ever.
type modelWindow struct {
	highest, before, last uint64
	size, floor, settled  uint64
	packets               map[uint64]*modelEntry
	lines                 [maxNetworks]ledgerLine
}

func (m *modelWindow) settle(upTo uint64) {
	m.settled = max(m.settled, upTo)
	for c, e := range m.packets {
		if c > upTo || e.settled {
			continue
		}
		e.settled = true
		if e.single {
			continue
		}
		for n := range 2 {
			if e.networks&(1<<n) == 0 {
				m.lines[n].missing++
			} else if e.networks == 1<<n {
				m.lines[n].rescued++
			}
		}
	}
}

// The window and the ledger against the model: copies in any order, forged
// copies, ticks, growth.
func TestWindowModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, l := testWindow()
		start := rapid.SampledFrom([]uint64{1, 60, 1 << 32, 1<<64 - 400}).Draw(t, "start")
		m := modelWindow{size: 64, packets: map[uint64]*modelEntry{}}
		next := start
		t.Repeat(map[string]func(*rapid.T){
			"copy": func(t *rapid.T) {
				c := next
				switch rapid.IntRange(0, 3).Draw(t, "where") {
				case 0:
					if next < 1<<64-200 {
						next += uint64(rapid.IntRange(0, 100).Draw(t, "skip"))
					}
					c, next = next, next+1
				case 1:
					c = next - min(next, uint64(rapid.IntRange(0, 80).Draw(t, "back")))
				}
				n := uint8(rapid.IntRange(0, 1).Draw(t, "network"))
				forged := rapid.IntRange(0, 9).Draw(t, "forged") == 0
				isSingle := c%7 == 0
				e := m.packets[c]
				inside := c > 0 && c >= m.floor && (c > m.highest || m.highest-c < m.size)
				got := w.check(c)
				switch {
				case !inside:
					if got != beyond {
						t.Fatalf("%d below the window: %d", c, got)
					}
				case e == nil:
					if got != fresh {
						t.Fatalf("%d is new: %d", c, got)
					}
					if forged {
						return // does not pass authentication
					}
					if c > m.highest && c > m.size {
						m.settle(c - m.size)
					}
					m.highest = max(m.highest, c)
					mark := uint16(1) << n
					if isSingle {
						mark |= markSingle
					} else {
						m.lines[n].first++
					}
					w.accept(c, c*3, mark, l)
					m.packets[c] = &modelEntry{tag: c * 3, networks: 1 << n, single: isSingle, settled: c <= m.settled}
				default:
					if got != duplicate {
						t.Fatalf("%d came before: %d", c, got)
					}
					tag := e.tag
					if forged {
						tag++
					}
					if w.credit(c, tag, 1<<n, l) == forged {
						t.Fatalf("%d: forged %v credited", c, forged)
					}
					if !forged && e.networks&(1<<n) == 0 {
						e.networks |= 1 << n
						if !e.settled && !e.single {
							m.lines[n].late++
						}
					}
				}
			},
			"tick": func(t *rapid.T) {
				w.tick(l)
				m.settle(m.before)
				m.before, m.last = m.last, m.highest
				if w.size() > m.size {
					if m.highest >= m.size {
						m.floor = max(m.floor, m.highest-m.size+1)
					}
					m.size = w.size()
				}
			},
			"": func(t *rapid.T) {
				if w.highest != m.highest || w.settled != m.settled {
					t.Fatalf("highest %d, settled %d, model %d, %d", w.highest, w.settled, m.highest, m.settled)
				}
				for n := range 2 {
					if l.lines[n] != m.lines[n] {
						t.Fatalf("network %d: %+v, model %+v", n, l.lines[n], m.lines[n])
					}
				}
			},
		})
	})
}

func TestLedgerClose(t *testing.T) {
	for _, c := range []struct {
		name            string
		shared          uint8
		mark            uint16
		rescued, absent uint8
	}{
		{"on both", 0b11, 0b11, 0, 0},
		{"on one", 0b11, 0b10, 0b10, 0b01},
		{"none came", 0b11, 0, 0, 0},
		{"sent on one", 0b11, 0b01 | markSingle, 0, 0},
		{"one shared", 0b01, 0b01, 0, 0},
		{"three, two came", 0b111, 0b101, 0, 0b010},
		{"three, one came", 0b111, 0b100, 0b100, 0b011},
		{"not counting", 0, 0b01, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := ledger{shared: c.shared}
			l.close(c.mark)
			for n := range maxNetworks {
				want := ledgerLine{
					rescued: uint64(bits.OnesCount8(c.rescued & (1 << n))), missing: uint64(bits.OnesCount8(c.absent & (1 << n))),
				}
				if l.lines[n] != want {
					t.Errorf("network %d: %+v, want %+v", n, l.lines[n], want)
				}
			}
		})
	}
}
