package multipath

import "math/bits"

// ledgerLine counts what one network did for one peer's packets.
type ledgerLine struct{ first, late, rescued, missing uint64 }

// ledger is the account of one peer's packets by network. First and late are
// counted as copies come; rescued and missing after the maximum skew, and only
// for packets of which a copy came and which were sent on all shared networks.
type ledger struct {
	shared uint8 // networks expected to carry a copy; 0 counts no absences
	lines  [maxNetworks]ledgerLine
}

func (l *ledger) first(mark uint16) {
	if mark&markSingle == 0 {
		l.lines[bits.TrailingZeros16(mark)].first++
	}
}

func (l *ledger) late(bit uint8) { l.lines[bits.TrailingZeros8(bit)].late++ }

// close enters a packet that no further copy can change.
func (l *ledger) close(mark uint16) {
	came := uint8(mark & markNetworks)
	if came == 0 || mark&markSingle != 0 || bits.OnesCount8(l.shared) < 2 {
		return
	}
	if bits.OnesCount8(came) == 1 {
		l.lines[bits.TrailingZeros8(came)].rescued++
	}
	for absent := l.shared &^ came; absent != 0; absent &= absent - 1 {
		l.lines[bits.TrailingZeros8(absent)].missing++
	}
}

// settle enters all packets up to a counter in the ledger, once. A packet
// whose first copy comes after that counts as first and no more.
func (w *window) settle(upTo uint64, l *ledger) {
	if w.highest >= w.size() {
		w.settled = max(w.settled, w.highest-w.size())
	}
	for w.settled < upTo {
		w.settled++
		l.close(w.marks[w.slot(w.settled)])
	}
}
