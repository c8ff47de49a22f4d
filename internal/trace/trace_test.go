package trace

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"mpspread/groups"
	"mpspread/ring"
)

// samples holds one event of every kind, each of its fields set.
func samples() []Event {
	p := ring.Process{Daemon: 0xa1, Incarnation: 0xfeedbeef}
	q := ring.Process{Daemon: 2, Incarnation: 7}
	was := ring.RingID{Epoch: 41, Representative: p}
	is := ring.RingID{Epoch: 1<<64 - 1, Representative: q}
	conf := &ring.Configuration{Kind: ring.Transitional, Old: was, New: is, Members: []ring.Process{p, q}, Came: []ring.RingID{was, was}}
	regular := &ring.Configuration{Kind: ring.Regular, Old: was, New: is, Members: []ring.Process{p, q}, Came: []ring.RingID{was, is}}
	m := Message{Sender: p, Counter: 3, Service: ring.Safe, Length: 17, Digest: 1 << 63, Client: 12, ClientCounter: 9, Groups: []string{"chat", "#a b#h,1"}}
	asks := m
	asks.Act, asks.Name, asks.Discard = groups.ActJoin, "a b", true
	view := &View{Group: "g{1}", ID: [3]int32{-5, 6, 1 << 30}, Cause: 4, Members: []string{"#x#h1", "#y#h2"}, Sets: [][]string{{"#x#h1"}, {"#y#h2"}}, Own: 1}
	in := ConfID{Kind: ring.Transitional, Old: was, New: is}
	events := []Event{
		{Kind: Start}, {Kind: Stop}, {Kind: Crash}, {Kind: Pause}, {Kind: Resume}, {Kind: Finished, Counter: 3},
		{Kind: Fault, Text: "cut A 1>2 \"now\"\n"},
		{Kind: Quiet, Members: []ring.Process{p, q}, Bound: time.Second, Text: "core"},
		{Kind: Submit, Client: 12, First: true, Message: m},
		{Kind: Conf, Conf: conf}, {Kind: Conf, Conf: regular}, {Kind: Commit, Ring: was, Conf: conf}, {Kind: Commit, Ring: was},
		{Kind: Originate, Message: asks, Ring: is, Seq: 5, In: ConfID{New: is}},
		{Kind: Recv, Ring: is, Seq: 5, From: q, First: true, Message: Message{Digest: 1 << 60}},
		{Kind: Request, Ring: is, Seq: 5, Counter: 2}, {Kind: Answer, Ring: is, Seq: 5, From: q, Counter: 2},
		{Kind: Visit, Ring: is, TSeq: 9, Seq: 5, Sizes: &Sizes{Window: 1, Used: 2, Own: 3, Packet: 4, Gap: 5, Held: 6, Room: 7, Begun: 8, Budget: 9}},
		{Kind: Drain, Sizes: &Sizes{Held: 6, Room: 7, Begun: 8, Budget: 9, Missing: 10, Waiting: 11, Parts: 12, Timers: 13}},
		{Kind: Route, From: ring.Process{Daemon: 3, Incarnation: 4}, Counter: 5},
		{Kind: Primary, Ring: is, First: true},
		{Kind: TokenIn, Ring: is, TSeq: 8, From: q, Verdict: ring.TokenStale},
		{Kind: TokenOut, Ring: is, TSeq: 9},
		{Kind: Stable, Ring: is, Seq: 5}, {Kind: Discard, Ring: is, Seq: 4},
		{Kind: Deliver, Message: m, Ring: was, Seq: 5, In: in},
		{Kind: State, State: ring.Operational},
		{Kind: ClientSend, Client: 2, First: true, Message: asks},
		{Kind: ClientDeliver, Client: 2, Message: m, Text: "#x#h1"},
		{Kind: ClientView, Client: 2, View: view, Text: "#x#h1"},
		{Kind: ClientSignal, Client: 2, View: &View{Group: "g", ID: view.ID}},
		{Kind: ClientLeave, Client: 2, View: &View{Group: "g"}},
		{Kind: ClientClose, Client: 2, Text: "queue full"},
		{Kind: ClientOpen, Client: 2, First: true, Text: "#x#h1"},
		{Kind: ClientStall, Client: 2, First: true},
		{Kind: Agree, Ring: was, In: ConfID{Kind: ring.Regular, New: is}},
		{Kind: Packet, From: q, Counter: 1 << 40, Network: 7, First: true, Fate: FateCopy, Seq: 1 << 41},
		{Kind: Path, From: q, Network: 1, First: true, Text: "lossy"},
		{Kind: Link, From: q, Network: 1, Bound: time.Millisecond, Text: LinkCut},
		{Kind: Batch, Counter: 4, Network: 1, Seq: 32}, {Kind: Send, Counter: 4, Network: 1, Seq: 31, First: true},
	}
	for i := range events {
		events[i].Index = uint64(i + 1)
		events[i].Time = time.Duration(i) * time.Millisecond
		events[i].Process = p
		events[i].Place = uint64(i + 1)
	}
	return events
}

func TestEveryKindHasASample(t *testing.T) {
	seen := map[Kind]bool{}
	for _, e := range samples() {
		seen[e.Kind] = true
	}
	for k := Start; k <= lastKind; k++ {
		if !seen[k] {
			t.Errorf("no sample of %s", k)
		}
		if kindNames[k] == "" || columnsOf[k] == nil {
			t.Errorf("kind %d lacks a name or its columns", k)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	forms := map[string]struct {
		write func(*bytes.Buffer) error
		read  func(*bytes.Buffer) ([]Event, error)
	}{
		"text": {func(b *bytes.Buffer) error { return WriteText(b, samples()) }, func(b *bytes.Buffer) ([]Event, error) { return ReadText(b) }},
		"json": {func(b *bytes.Buffer) error { return WriteJSON(b, samples()) }, func(b *bytes.Buffer) ([]Event, error) { return ReadJSON(b) }},
	}
	for name, form := range forms {
		var b bytes.Buffer
		if err := form.write(&b); err != nil {
			t.Fatal(err)
		}
		got, err := form.read(&b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if want := samples(); !reflect.DeepEqual(got, want) {
			for i := range got {
				if !reflect.DeepEqual(got[i], want[i]) {
					t.Errorf("%s: event %d: got %+v, want %+v", name, i, got[i], want[i])
				}
			}
		}
	}
}

func TestRefusesBadFiles(t *testing.T) {
	var b bytes.Buffer
	if err := WriteText(&b, samples()); err != nil {
		t.Fatal(err)
	}
	good := b.String()
	lines := strings.SplitAfter(good, "\n")
	swapped := append([]string{}, lines...)
	swapped[3], swapped[4] = swapped[4], swapped[3]
	for name, text := range map[string]string{
		"empty":          "",
		"wrong version":  strings.Replace(good, header, "mpspread trace 2", 1),
		"reordered":      strings.Join(swapped, ""),
		"truncated":      good[:len(good)-3],
		"unknown event":  strings.Replace(good, " stop", " stopped", 1),
		"a line of 2 MB": header + "\n" + strings.Repeat("x", 2<<20),
		"only spaces":    "   \n",
		"NUL":            header + "\n\x00\n",
	} {
		if _, err := ReadText(strings.NewReader(text)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestRefusesBadLines(t *testing.T) {
	for _, e := range samples() {
		text, object := string(AppendText(nil, &e)), string(AppendJSON(nil, &e))
		for cut := range len(text) {
			if got, err := ParseText(text[:cut]); err == nil && !strings.HasPrefix(text, string(AppendText(nil, got))) {
				t.Errorf("%s: cut after %d bytes: %q accepted", e.Kind, cut, text[:cut])
			}
		}
		for cut := range len(object) {
			if _, err := ParseJSON(object[:cut]); err == nil {
				t.Errorf("%s: cut after %d bytes: %q accepted", e.Kind, cut, object[:cut])
			}
		}
		for _, extra := range []string{" ", "x", " x=1", text} {
			if _, err := ParseText(text + extra); err == nil {
				t.Errorf("%s: %q after the end accepted", e.Kind, extra)
			}
			if _, err := ParseJSON(object + extra); err == nil {
				t.Errorf("%s: %q after the end of JSON accepted", e.Kind, extra)
			}
		}
	}
	for _, line := range []string{
		"01 0 0.0 1 start", "1 0 0.00 1 start", "1 +0 0.0 1 start", "1 0 0.G 1 start", "1 0 100000000.0 1 start",
		"1 0 0.0 1 stable ring=1@1.1 seq=-1", "1 0 0.0 1 stable ring=1@1.1 seq=18446744073709551616", "1 0 0.0 1 stable seq=1 ring=1@1.1",
		"1 0 0.0 1 recv ring=1@1.1 seq=1 from=1.1 first=2", "1 0 0.0 1 state state=dead", "1 0 0.0 1 conf conf=R:1@1.1>2@1.1{,}",
		"1 0 0.0 1 conf conf=X:1@1.1>2@1.1{}", "1 0 0.0 1 quiet members={} bound=9223372036854775808 text=\"\"",
	} {
		if _, err := ParseText(line); err == nil {
			t.Errorf("%q accepted", line)
		}
	}
}

func TestDigestSeesEveryField(t *testing.T) {
	sums := map[uint64]string{}
	for _, e := range samples() {
		e.Index, e.Time, e.Place = 1, 0, 1
		var d Digest
		d.Add(&e)
		line := string(AppendText(nil, &e))
		if other, ok := sums[d.Sum()]; ok {
			t.Errorf("one digest for\n%s\n%s", line, other)
		}
		sums[d.Sum()] = line
	}
	var once, twice Digest
	e := samples()[0]
	once.Add(&e)
	twice.Add(&e)
	twice.Add(&e)
	if once.Sum() == twice.Sum() {
		t.Error("the digest does not roll")
	}
}

func TestDigestOf(t *testing.T) {
	seen := map[uint64]int{}
	for n := range 64 {
		b := make([]byte, n)
		sum := DigestOf(b)
		if other, ok := seen[sum]; ok {
			t.Errorf("zeros of length %d and %d have one digest", n, other)
		}
		seen[sum] = n
		for i := range b {
			b[i] = 1
			if DigestOf(b) == sum {
				t.Errorf("length %d: byte %d does not count", n, i)
			}
			b[i] = 0
		}
	}
}

func FuzzParseText(f *testing.F) {
	for _, e := range samples() {
		f.Add(string(AppendText(nil, &e)))
	}
	f.Fuzz(func(t *testing.T, line string) {
		e, err := ParseText(line)
		if err != nil {
			return
		}
		if got := string(AppendText(nil, e)); got != line {
			t.Errorf("%q became %q", line, got)
		}
	})
}

func FuzzParseJSON(f *testing.F) {
	for _, e := range samples() {
		f.Add(string(AppendJSON(nil, &e)))
	}
	f.Fuzz(func(t *testing.T, line string) {
		e, err := ParseJSON(line)
		if err != nil {
			return
		}
		if got := string(AppendJSON(nil, e)); got != line {
			t.Errorf("%q became %q", line, got)
		}
	})
}
