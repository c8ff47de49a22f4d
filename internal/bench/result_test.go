package bench

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mpspread/client"
	"mpspread/internal/traffic"
)

// number names a message; sender -1 is noise.
type number struct {
	sender  int
	counter uint64
}

// judged gives messages to two receivers of a run in which two senders sent
// two each, four seconds after its measurement began, and judges.
func judged(t *testing.T, service client.Service, first, second []number) (*Result, error) {
	t.Helper()
	r := &run{
		o:        Options{Size: 40, Service: service, Senders: 2, Receivers: 2, Duration: 5 * time.Second, Rate: 4},
		clock:    clock{time.Now().Add(-5 * time.Second)},
		schedule: &schedule{begin: int64(time.Second), senders: 2, rate: 4},
		measured: span{int64(time.Second), int64(time.Hour)},
	}
	for i, numbers := range [][]number{first, second} {
		s := &sender{number: i, late: newHistogram()}
		s.sent.Store(2)
		r.senders = append(r.senders, s)
		v := newReceiver(i, 2)
		for _, n := range numbers {
			m := make([]byte, 40)
			traffic.Write(m, max(n.sender, 0), n.counter)
			if n.sender < 0 {
				m[20]++
			}
			v.message(r, m)
		}
		r.receivers = append(r.receivers, v)
	}
	return r.result()
}

var (
	good    = []number{{0, 1}, {1, 1}, {0, 2}, {1, 2}}
	other   = []number{{1, 1}, {0, 1}, {0, 2}, {1, 2}}
	without = []number{{0, 1}, {1, 1}, {1, 2}}
	twice   = []number{{0, 1}, {1, 1}, {0, 2}, {1, 2}, {1, 2}}
	behind  = []number{{0, 2}, {0, 1}, {1, 1}, {1, 2}}
	noise   = []number{{0, 1}, {1, 1}, {0, 2}, {1, 2}, {-1, 3}}
)

func TestResult(t *testing.T) {
	result, err := judged(t, client.Agreed, good, good)
	if err != nil {
		t.Fatal(err)
	}
	if result.MessagesPerSecond != 0.8 || result.BytesPerSecond != 32 || result.Messages != 4 || result.CPUSeconds != -1 {
		t.Errorf("%+v", result)
	}
	// The messages were due 3.25 to 4 s before they came: what kept them from
	// being sent does not matter.
	if l := result.Latency; l.P50 < 3.4e6 || l.P50 > 3.7e6 || l.Max < 3.99e6 || l.Max > 10e6 {
		t.Errorf("latency %+v", l)
	}
	if g := result.LongestGap; g < 3999 {
		t.Errorf("nothing came for 4 s, and the longest gap is %v ms", g)
	}
	for _, want := range []string{"agreed messages of 40 bytes, 2 senders, 2 receivers, open loop, 4 messages/s, 5s", "0.00 MB/s", "all 4 messages"} {
		if !strings.Contains(result.String(), want) {
			t.Errorf("no %q in:\n%s", want, result)
		}
	}
}

func TestViolations(t *testing.T) {
	for _, c := range []struct {
		name    string
		service client.Service // the strongest that allows it
		numbers []number
		want    string
	}{
		{"another order", client.Causal, other, "receiver 1 had another order than receiver 0"},
		{"lost", client.Unreliable, without, "lost 1"},
		{"twice", client.Unreliable, twice, "duplicated 1"},
		{"out of order", client.Reliable, behind, "out of order 1"},
	} {
		if _, err := judged(t, c.service, good, c.numbers); err != nil {
			t.Errorf("%s with service %v: %v", c.name, c.service, err)
		}
		var v *ViolationError
		if _, err := judged(t, c.service+1, good, c.numbers); !errors.As(err, &v) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s with service %v: %v, want %q", c.name, c.service+1, err, c.want)
		}
	}
	if _, err := judged(t, client.Unreliable, good, noise); err == nil || !strings.Contains(err.Error(), "damaged 1") {
		t.Errorf("noise: %v", err)
	}
	if _, err := judged(t, client.Unreliable, good, nil); !errors.Is(err, errNothing) {
		t.Errorf("nothing: %v", err)
	}
}

// The edges of the measurement count as messages, and what is outside of it
// does not.
func TestGap(t *testing.T) {
	measured := span{100, 200}
	for _, c := range []struct {
		name string
		came []int64
		want int64
	}{
		{"none", nil, 100},
		{"all before", []int64{50}, 100},
		{"within", []int64{90, 110, 150, 190, 300}, 40},
		{"over the beginning", []int64{50, 170, 190}, 70},
		{"over the end", []int64{90, 110, 120, 250}, 80},
		{"a long one before", []int64{5, 95, 140, 180}, 40},
	} {
		v := newReceiver(0, 1)
		for _, now := range c.came {
			v.interval(measured, now)
		}
		v.interval(measured, measured.to)
		if v.gap != c.want {
			t.Errorf("%s: %d, want %d", c.name, v.gap, c.want)
		}
	}
}

func TestRecordHoldsEverything(t *testing.T) {
	h := newHistogram()
	for _, ns := range []int64{-5, 0, 1, longest, 1 << 62} {
		record(h, ns)
	}
	if h.TotalCount() != 5 {
		t.Errorf("%d of 5 times are held", h.TotalCount())
	}
}

func TestFill(t *testing.T) {
	o := Options{Size: 100}
	o.fill(3)
	if o.Senders != 3 || o.Receivers != 3 || o.Window != windowMost {
		t.Errorf("%+v", o)
	}
	o = Options{Size: MaxSize, Senders: 100, Window: 0}
	o.fill(3)
	if o.Senders != 100 || o.Window != windowLeast {
		t.Errorf("%+v", o)
	}
}
