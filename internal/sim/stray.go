package sim

import (
	"encoding/binary"
	"slices"

	"mpspread/ring"
)

// strayRequest puts a request on a token that asks for the last packet its
// receiver has discarded: what a token of long ago could carry, on one that is
// accepted (SCN-01, RNG-6). The receiver must ignore it and count it.
//
// A request is at the end of the token (package ring): asker 1, ring 1, attempt
// 1, skip 1, first sequence number 8, count 4, able 1.
func (w *World) strayRequest(d *daemon, data []byte) ([]byte, bool) {
	members := d.view.members
	at := slices.Index(members, d.process)
	if w.plan.Mode != RingMode || w.ringKind(data) != ring.KindToken || d.marking.discarded == 0 || at < 0 {
		return data, false
	}
	const thisRing = 255
	other := append([]byte(nil), data...)
	other = append(other, byte((at+1)%len(members)), thisRing, 0, 0)
	other = binary.BigEndian.AppendUint64(other, uint64(d.marking.discarded))
	return append(binary.BigEndian.AppendUint32(other, 1), 0), true
}
