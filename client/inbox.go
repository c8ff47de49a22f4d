package client

import (
	"bytes"
	"math/bits"

	"mpspread/client/frame"
)

const (
	readSize = 64 << 10
	// maxFrame is the longest frame that is read: messages of our own daemons
	// and memberships of large groups reach 16 MiB.
	maxFrame = 16<<20 + 64<<10
	// maxInterned bounds the names kept for sharing between events.
	maxInterned = 4096
)

// inbox is the reader's buffer and what turns its bytes into events. It
// belongs to whoever holds Conn.turn.
type inbox struct {
	buf        []byte // bytes from start to end are unread
	start, end int
	need       int // length of the frame at start, as far as known

	names     map[string]string // one string for each name seen
	lastNames frame.Names       // the last destinations seen,
	lastList  []string          // and the list made of them
}

// space is where to read more to: at least one byte, and what is left of the
// buffer. The buffer grows by doubling as bytes come, never on the word of a
// header.
func (in *inbox) space() []byte {
	if in.start > 0 {
		in.end = copy(in.buf, in.buf[in.start:in.end])
		in.start = 0
	}
	switch {
	case in.buf == nil:
		in.buf = make([]byte, readSize)
	case in.end == len(in.buf):
		in.buf = append(in.buf, make([]byte, len(in.buf))...)
	case in.end == 0 && len(in.buf) > 16*readSize:
		in.buf = make([]byte, readSize)
	}
	return in.buf[in.end:]
}

func (in *inbox) filled(n int) { in.end += n }

func (in *inbox) reset() { in.start, in.end, in.need = 0, 0, 0 }

// parse takes the next event out of the buffer.
func (in *inbox) parse() (Event, error) {
	if in.end-in.start < in.need {
		return nil, frame.ErrShort
	}
	e, n, err := frame.ParseEvent(in.buf[in.start:in.end], maxFrame)
	if err == frame.ErrShort {
		in.need = n
	}
	if err != nil {
		return nil, err
	}
	ev, err := in.event(e)
	if err != nil {
		return nil, err
	}
	in.need = 0
	in.start += n
	return ev, nil
}

// event copies a frame out of the buffer.
func (in *inbox) event(e frame.Event) (Event, error) {
	switch e.Type.Kind() {
	case frame.KindMembership:
		m, err := frame.ParseMembership(e)
		return in.membership(m), err
	case frame.KindTransition:
		id, err := frame.ParseTransition(e)
		return &Transition{Group: in.name(e.Name), ID: id}, err
	case frame.KindSelfLeave:
		return &SelfLeave{Group: in.name(e.Name)}, nil
	case frame.KindReject:
		return &Rejected{
			Cause: causeOf(e.Original & frame.Causes), Groups: in.list(e.Groups),
			Type: e.Hint.MessageType(), Data: bytes.Clone(e.Data),
		}, nil
	}
	return &Message{
		Service:     Service(bits.TrailingZeros32(uint32(e.Type & frame.Services))),
		Sender:      in.name(e.Name),
		Groups:      in.list(e.Groups),
		Type:        e.Hint.MessageType(),
		SelfDiscard: e.Type&frame.SelfDiscard != 0,
		BigEndian:   !e.Hint.LittleEndian(),
		Data:        bytes.Clone(e.Data),
	}, nil
}

func (in *inbox) membership(m frame.Membership) *Membership {
	out := &Membership{
		Group: in.name(m.Group), ID: m.ID, Cause: causeOf(m.Cause),
		Members: in.strings(m.Members), Own: m.Own, Sets: make([][]string, len(m.Sets)),
	}
	for i, set := range m.Sets {
		out.Sets[i] = in.strings(set)
	}
	if out.Cause != Network && len(out.Sets) > 0 && len(out.Sets[0]) > 0 {
		out.Changed = out.Sets[0][0]
	}
	return out
}

func causeOf(t frame.Type) Cause {
	switch t {
	case frame.CausedByJoin:
		return Join
	case frame.CausedByLeave:
		return Leave
	case frame.CausedByDisconnect:
		return Disconnect
	case frame.CausedByNetwork:
		return Network
	}
	return 0
}

// name is b as a string, the same one for the same bytes.
func (in *inbox) name(b []byte) string {
	if s, ok := in.names[string(b)]; ok {
		return s
	}
	if in.names == nil || len(in.names) >= maxInterned {
		in.names = make(map[string]string)
	}
	s := string(b)
	in.names[s] = s
	return s
}

func (in *inbox) strings(names frame.Names) []string {
	out := make([]string, names.Len())
	for i, n := range names.All() {
		out[i] = in.name(n)
	}
	return out
}

// list is strings, sharing the result with the message before if it went to
// the same groups.
func (in *inbox) list(names frame.Names) []string {
	if in.lastList == nil || !bytes.Equal(names, in.lastNames) {
		in.lastNames = append(in.lastNames[:0], names...)
		in.lastList = in.strings(names)
	}
	return in.lastList
}
