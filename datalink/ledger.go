package datalink

import (
	"fmt"
	"net/netip"
)

// ledger counts what happened on one network since Open. The loop owns it.
type ledger struct {
	sendErrors, wrongInterface, truncated, sent, received uint64

	sentRuns, receivedRuns uint64

	drops uint64 // of sockets closed since

	last     failure
	lastText string // of last; empty until asked for
}

// failure is an error kept as values: text is made only when somebody looks,
// so that a storm of errors costs no more than counting (A23).
type failure struct {
	op   string
	err  error
	size int
	to   netip.AddrPort // by value: a text names the address it was sent to (S25)
}

// sendFailed counts datagrams of this size that could not be sent.
func (l *ledger) sendFailed(err error, to netip.AddrPort, size, count int) {
	l.sendErrors += uint64(count)
	l.fail(failure{op: "send", err: err, size: size, to: to})
}

func (l *ledger) fail(f failure) {
	if f != l.last {
		l.last, l.lastText = f, ""
	}
}

func (l *ledger) lastError() string {
	if l.lastText == "" && l.last.err != nil {
		l.lastText = l.last.String()
	}
	return l.lastText
}

func (f failure) String() string {
	switch {
	case f.to.IsValid():
		return fmt.Sprintf("%s of %d bytes to %s: %v", f.op, f.size, f.to, f.err)
	case f.size > 0:
		return fmt.Sprintf("%s of %d bytes: %v", f.op, f.size, f.err)
	}
	return fmt.Sprintf("%s: %v", f.op, f.err)
}

// state is what the counters add to a NetworkState.
func (l *ledger) state() NetworkState {
	return NetworkState{
		Drops:          l.drops,
		SendErrors:     l.sendErrors,
		WrongInterface: l.wrongInterface,
		Truncated:      l.truncated,
		Sent:           l.sent,
		Received:       l.received,
		SentRuns:       l.sentRuns,
		ReceivedRuns:   l.receivedRuns,
		LastError:      l.lastError(),
	}
}
