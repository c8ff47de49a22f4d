package bench

import (
	"fmt"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"mpspread/client"
	"mpspread/internal/traffic"
)

// Quantiles are times in microseconds.
type Quantiles struct {
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

func quantiles(h *hdrhistogram.Histogram) Quantiles {
	us := func(ns int64) float64 { return float64(ns) / 1e3 }
	return Quantiles{
		P50: us(h.ValueAtQuantile(50)), P99: us(h.ValueAtQuantile(99)),
		P999: us(h.ValueAtQuantile(99.9)), Max: us(h.Max()),
	}
}

// Result is what was measured, of a run in which every message came as it
// should.
type Result struct {
	// MessagesPerSecond is how many messages came to the receiver that got
	// fewest, each of them counted once; BytesPerSecond is their contents.
	MessagesPerSecond float64 `json:"messages_per_second"`
	BytesPerSecond    float64 `json:"bytes_per_second"`
	Size              int     `json:"size"`
	Service           string  `json:"service"`
	Senders           int     `json:"senders"`
	Receivers         int     `json:"receivers"`
	// Rate is that of an open loop, 0 for a closed one, and Window what each
	// sender of a closed one had under way.
	Rate    float64 `json:"rate"`
	Window  int     `json:"window"`
	Seconds float64 `json:"seconds"`
	// Latency is from when a message was due (open loop), or was handed to the
	// connection (closed loop), until a receiver had it; all receivers together.
	Latency Quantiles `json:"latency_us"`
	// LongestGap is the longest time in which some receiver got nothing.
	LongestGap float64 `json:"longest_gap_ms"`
	Lost       uint64  `json:"lost"`
	Duplicated uint64  `json:"duplicated"`
	OutOfOrder uint64  `json:"out_of_order"`
	// CPUSeconds is what the daemons used while it was measured; -1: not known.
	CPUSeconds float64 `json:"cpu_seconds"`
	// CPUPerMessage is that for each ordered message, whatever the number of
	// receivers, in microseconds; -1: not known.
	CPUPerMessage float64 `json:"cpu_us_per_message"`
	// ClientCPUSeconds is what this process used meanwhile: senders, receivers
	// and the checking of all that came. 0: not known.
	ClientCPUSeconds float64 `json:"client_cpu_seconds"`
	// Late is by how much messages were handed to the connection after they
	// were due (open loop): the instrument's own part of the latency, and the
	// daemons' when they take no more.
	Late Quantiles `json:"late_us"`
	// Messages were sent in all, warm-up and end included; Hash is over their
	// sequence, the same at all receivers.
	Messages uint64 `json:"messages"`
	Hash     string `json:"hash"`
	// Cut is the network that was cut halfway, if one was.
	Cut string `json:"cut,omitempty"`
}

// ViolationError tells what became of messages in a run that has no result for
// it.
type ViolationError struct {
	Lost, Duplicated, OutOfOrder, Damaged uint64 // over all receivers
	Parted                                []string
	MembershipChanges                     uint64
}

func (e *ViolationError) Error() string {
	var what []string
	for _, v := range []struct {
		n    uint64
		name string
	}{
		{e.Lost, "lost"}, {e.Duplicated, "duplicated"}, {e.OutOfOrder, "out of order"},
		{e.Damaged, "damaged"}, {e.MembershipChanges, "membership changes"},
	} {
		if v.n > 0 {
			what = append(what, fmt.Sprintf("%s %d", v.name, v.n))
		}
	}
	return "bench: no result: " + strings.Join(append(what, e.Parted...), ", ")
}

// result judges what came, after all goroutines have ended.
func (r *run) result() (*Result, error) {
	v := r.violations()
	if v.Lost+v.Duplicated+v.OutOfOrder+v.Damaged+v.MembershipChanges > 0 || len(v.Parted) > 0 {
		return nil, v
	}
	seconds := r.o.Duration.Seconds()
	least := r.receivers[0].within.Load()
	latency, late := newHistogram(), newHistogram()
	var gap int64
	for _, x := range r.receivers {
		least = min(least, x.within.Load())
		x.interval(r.measured, r.measured.to)
		gap = max(gap, x.gap)
		latency.Merge(x.latency)
	}
	if least == 0 {
		return nil, errNothing
	}
	var sent uint64
	for _, s := range r.senders {
		late.Merge(s.late)
		sent += s.sent.Load()
	}
	result := &Result{
		MessagesPerSecond: float64(least) / seconds, BytesPerSecond: float64(least) / seconds * float64(r.o.Size),
		Size: r.o.Size, Service: r.o.Service.String(), Senders: r.o.Senders, Receivers: r.o.Receivers,
		Rate: r.o.Rate, Seconds: seconds, Latency: quantiles(latency), LongestGap: float64(gap) / 1e6,
		CPUSeconds: -1, CPUPerMessage: -1, ClientCPUSeconds: r.used.self.Seconds(), Late: quantiles(late),
		Messages: sent, Hash: fmt.Sprintf("%016x", r.receivers[0].stream.Hash()), Cut: r.o.Cut,
	}
	if r.schedule == nil {
		result.Window = r.o.Window
	}
	if r.meter.known() {
		result.CPUSeconds = r.used.daemons.Seconds()
		result.CPUPerMessage = r.used.daemons.Seconds() / float64(least) * 1e6
	}
	return result, nil
}

// violations are what the service forbids.
func (r *run) violations() *ViolationError {
	v := &ViolationError{MembershipChanges: r.changes.Load()}
	sent := make([]uint64, len(r.senders))
	for i, s := range r.senders {
		sent[i] = s.sent.Load()
	}
	for i, x := range r.receivers {
		v.Damaged += x.stream.Damaged
		if r.o.Service >= client.Reliable {
			v.Lost += x.stream.Missing(sent)
			v.Duplicated += x.stream.Duplicated
		}
		if r.o.Service >= client.FIFO {
			v.OutOfOrder += x.stream.Behind
		}
		if at, parted := traffic.Parted(r.receivers[0].stream, x.stream); parted && r.o.Service >= client.Agreed {
			v.Parted = append(v.Parted, fmt.Sprintf("receiver %d had another order than receiver 0 within the first %d messages", i, at))
		}
	}
	return v
}

// String is the result for a person.
func (r *Result) String() string {
	var b strings.Builder
	loop := fmt.Sprintf("closed loop, %d under way a sender", r.Window)
	if r.Rate > 0 {
		loop = fmt.Sprintf("open loop, %.0f messages/s", r.Rate)
	}
	fmt.Fprintf(&b, "%s messages of %d bytes, %d senders, %d receivers, %s, %v\n", r.Service, r.Size, r.Senders, r.Receivers,
		loop, time.Duration(r.Seconds*float64(time.Second)))
	if r.Cut != "" {
		fmt.Fprintf(&b, "network %s cut halfway\n", r.Cut)
	}
	fmt.Fprintf(&b, "throughput   %12.0f messages/s  %.2f MB/s, to each receiver\n", r.MessagesPerSecond, r.BytesPerSecond/1e6)
	times := func(name string, q Quantiles) {
		fmt.Fprintf(&b, "%-12s p50 %.0f µs  p99 %.0f µs  p99.9 %.0f µs  max %.0f µs\n", name, q.P50, q.P99, q.P999, q.Max)
	}
	times("latency", r.Latency)
	if r.Rate > 0 {
		times("sent late", r.Late)
	}
	fmt.Fprintf(&b, "longest gap  %.2f ms\n", r.LongestGap)
	if r.CPUSeconds >= 0 {
		fmt.Fprintf(&b, "daemons' CPU %.2f s, %.2f µs a message\n", r.CPUSeconds, r.CPUPerMessage)
	}
	if r.ClientCPUSeconds > 0 {
		fmt.Fprintf(&b, "clients' CPU %.2f s\n", r.ClientCPUSeconds)
	}
	fmt.Fprintf(&b, "all %d messages came to every receiver once and in one order (hash %s)", r.Messages, r.Hash)
	return b.String()
}
