package frame

import (
	"bytes"
	"reflect"
	"testing"
)

func FuzzHello(f *testing.F) {
	f.Add(raw("04 04 00 01 05", "\"user1\""))
	f.Add(raw("03 01 01 04", "\"user\""))
	f.Add(raw("03 00 01 01 61"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, n, err := ParseHello(b)
		if err != nil {
			if err == ErrShort && (n <= len(b) || n > MaxHello) {
				t.Fatalf("wants %d bytes, has %d", n, len(b))
			}
			return
		}
		again, _, err := ParseHello(AppendHello(nil, h))
		if err != nil || again != h {
			t.Fatalf("%+v became %+v, %v", h, again, err)
		}
	})
}

func FuzzChoice(f *testing.F) {
	f.Add(AppendChoice(nil, "NULL"))
	f.Add(AppendChoice(nil, "NULL", "IP", "PWORD"))
	f.Fuzz(func(t *testing.T, b []byte) {
		methods, err := ParseChoice(b)
		if (err != nil) != (len(b) < ChoiceSize) || len(methods) > 3 {
			t.Fatalf("%d bytes: %q, %v", len(b), methods, err)
		}
		for _, m := range methods {
			if len(m) == 0 || len(m) > MethodSize || bytes.IndexByte([]byte(m), 0) >= 0 {
				t.Fatalf("method %q", m)
			}
		}
	})
}

func FuzzOfferAccept(f *testing.F) {
	f.Add(AppendOffer(nil, "NULL", "IP"))
	f.Add(AppendAccept(nil, DaemonVersion, DaemonVersion, p1))
	f.Fuzz(func(t *testing.T, b []byte) {
		if methods, n, err := ParseOffer(b); err == nil && (n > len(b) || len(methods) > n) {
			t.Fatalf("%q in %d bytes", methods, n)
		}
		v, private, n, err := ParseAccept(b)
		if err == nil && !bytes.Equal(AppendAccept(nil, DaemonVersion, v, private), b[:n]) {
			t.Fatalf("%v %q is not %x", v, private, b[:n])
		}
	})
}

func FuzzRequest(f *testing.F) {
	f.Add(AppendMessage(nil, Agreed, p1, NewHint(7), []string{"chat"}, []byte("hello")))
	f.Add(raw("00 00 00 60", "'#user1#alpha'", "00 00 00 02", "00 FF FE 00", "00 00 00 02", "'chat'", "'other'", "68 69"))
	f.Add(AppendMessage(nil, Join, p1, NewHint(0), []string{"chat"}, nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, n, err := ParseRequest(b, p1, MaxBody)
		if err != nil {
			if err == ErrShort && (n <= len(b) || n > HeaderSize+MaxBody) {
				t.Fatalf("wants %d bytes, has %d", n, len(b))
			}
			return
		}
		again, _, err := ParseRequest(AppendMessage(nil, r.Type, p1, r.Hint, r.Groups.Strings(), r.Data), p1, MaxBody)
		if err != nil || again.Type != r.Type || again.Hint != r.Hint || !bytes.Equal(again.Data, r.Data) ||
			!reflect.DeepEqual(again.Groups.Strings(), r.Groups.Strings()) {
			t.Fatalf("%+v became %+v, %v", r, again, err)
		}
	})
}

func FuzzEvent(f *testing.F) {
	f.Add(AppendMessage(nil, Agreed, p1, NewHint(7), []string{"chat"}, []byte("hello")))
	f.Add(AppendMembership(nil, CausedByNetwork, "g", GroupID{1, 2, 3}, []string{"a", "b"}, [][]string{{"a"}, {"b"}}, 1))
	f.Add(AppendTransition(nil, "g", GroupID{1, 2, 3}))
	f.Add(AppendReject(nil, CausedByJoin, p1, NewHint(0), []string{"chat"}, nil))
	f.Add(AppendSelfLeave(nil, "g"))
	const limit = 1 << 20
	f.Fuzz(func(t *testing.T, b []byte) {
		e, n, err := ParseEvent(b, limit)
		if err != nil {
			if err == ErrShort && (n <= len(b) || n > limit) {
				t.Fatalf("wants %d bytes, has %d", n, len(b))
			}
			return
		}
		if n > len(b) {
			t.Fatalf("%d bytes of %d", n, len(b))
		}
		if e.Type.Kind() != KindMembership {
			_, _ = ParseTransition(e)
			return
		}
		m, err := ParseMembership(e)
		if err != nil {
			return
		}
		sets := make([][]string, len(m.Sets))
		for i, s := range m.Sets {
			sets[i] = s.Strings()
		}
		wire := AppendMembership(nil, m.Cause, string(m.Group), m.ID, m.Members.Strings(), sets, m.Own)
		e2, _, err := ParseEvent(wire, limit)
		if err != nil {
			t.Fatal(err)
		}
		m2, err := ParseMembership(e2)
		if err != nil || m2.ID != m.ID || m2.Own != m.Own || m2.Members.Len() != m.Members.Len() || len(m2.Sets) != len(m.Sets) {
			t.Fatalf("%+v became %+v, %v", m, m2, err)
		}
	})
}
