package ring

import "encoding/binary"

// All numbers are big-endian and unsigned; every packet has exactly one
// encoding, so bytes left over are an error (correctness reference 9).

// reader takes a packet apart. After a read past the end it stays bad and
// returns zeros; done tells whether all was there and nothing else.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if n > len(r.b) || n < 0 {
		r.bad = true
		r.b = nil
		return nil
	}
	head := r.b[:n:n]
	r.b = r.b[n:]
	return head
}

func (r *reader) u8() uint8 {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) u16() uint16 {
	if b := r.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (r *reader) u32() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if b := r.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (r *reader) set() set { return set{r.u64(), r.u64()} }

func (r *reader) process() Process {
	return Process{DaemonID(r.u32()), Incarnation(r.u64())}
}

func (r *reader) ringID() RingID {
	return RingID{Epoch: r.u64(), Representative: r.process()}
}

func (r *reader) done() bool { return !r.bad && len(r.b) == 0 }

func putU16(b []byte, v uint16) []byte { return binary.BigEndian.AppendUint16(b, v) }
func putU32(b []byte, v uint32) []byte { return binary.BigEndian.AppendUint32(b, v) }
func putU64(b []byte, v uint64) []byte { return binary.BigEndian.AppendUint64(b, v) }
func putSet(b []byte, s set) []byte    { return putU64(putU64(b, s[0]), s[1]) }

func putProcess(b []byte, p Process) []byte {
	return putU64(putU32(b, uint32(p.Daemon)), uint64(p.Incarnation))
}

func putRingID(b []byte, id RingID) []byte {
	return putProcess(putU64(b, id.Epoch), id.Representative)
}
