package daemon

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"mpspread/client/frame"
)

const (
	p1   = "'#user1#alpha'"
	p2   = "'#user2#alpha'"
	chat = "'chat'"
)

// TestVectors is section 13 of the protocol's description, byte for byte. The
// group id is read where it first comes and expected to stay.
func TestVectors(t *testing.T) {
	d := newCluster(t, "", "alpha").start("alpha")
	one, two := d.login("user1"), d.login("user2")
	join := func(c *raw, private string) {
		c.send("80 00 01 80", private, "01 00 00 00", "80 00 00 80", "00 00 00 00", chat)
	}

	// 1: user1 joins.
	join(one, p1)
	one.want("80 11 00 80", chat, "01 00 00 00", "80 00 00 80", "38 00 00 00", p1)
	gid := make([]byte, 8)
	if _, err := io.ReadFull(one.conn, gid); err != nil {
		t.Fatal(err)
	}
	id := func(n string) string { return strings.ToUpper(hexOf(gid)) + n + "000000" }
	one.want("01 00 00 00", "01 00 00 00", "00 00 00 00", "01 00 00 00", p1)

	// 2: user2 joins.
	joined := func(n string) []string {
		return []string{"80 11 00 80", chat, "02 00 00 00", "80 00 00 80", "38 00 00 00", p1, p2, id(n), "01 00 00 00", "00 00 00 00", "01 00 00 00", p2}
	}
	join(two, p2)
	one.want(joined("02")...)
	two.want(joined("02")...)

	// 3: user1 multicasts.
	one.send("90 00 00 80", p1, "01 00 00 00", "80 07 00 80", "05 00 00 00", chat, "\"hello\"")
	for _, c := range []*raw{one, two} {
		c.want("90 00 00 80", p1, "01 00 00 00", "80 07 00 80", "05 00 00 00", chat, "68 65 6C 6C 6F")
	}

	// 4: user1, big endian, without itself.
	one.send("00 00 00 60", p1, "00 00 00 02", "00 FF FE 00", "00 00 00 02", chat, "'other'", "68 69")
	two.want("E0 00 00 80", p1, "02 00 00 00", "00 FF FE 00", "02 00 00 00", chat, "'other'", "68 69")

	// 5: user2 leaves.
	two.send("80 00 02 80", p2, "01 00 00 00", "80 00 00 80", "00 00 00 00", chat)
	one.want("80 12 00 80", chat, "01 00 00 00", "80 00 00 80", "38 00 00 00", p1, id("03"), "01 00 00 00", "00 00 00 00", "01 00 00 00", p2)
	two.want("80 02 00 80", chat, "00 00 00 00", "80 00 00 80", "00 00 00 00")

	// 6: user2 joins again.
	join(two, p2)
	one.want(joined("04")...)
	two.want(joined("04")...)

	// 7: user2 disconnects.
	two.send("80 00 04 80", p2, "01 00 00 00", "80 00 00 80", "00 00 00 00", p2)
	one.want("80 14 00 80", chat, "01 00 00 00", "80 00 00 80", "38 00 00 00", p1, id("05"), "01 00 00 00", "00 00 00 00", "01 00 00 00", p2)
	two.wantEnd()
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	var s strings.Builder
	for _, c := range b {
		s.WriteByte(digits[c>>4])
		s.WriteByte(digits[c&15])
	}
	return s.String()
}

// TestHandshakeRejected is the second table of section 13 and its neighbours.
func TestHandshakeRejected(t *testing.T) {
	d := newCluster(t, "", "alpha").start("alpha")
	user1 := d.login("user1")
	for _, tt := range []struct {
		name  string
		hello []string
		list  bool // the daemon offers its methods
		then  []byte
		want  string
	}{
		{name: "version 3.0", hello: []string{"03 00 01 01 61"}, want: "F9"},
		{name: "eleven letters", hello: []string{"04 04 00 01 0B", "\"abcdefghijk\""}, want: "FB"},
		{name: "a#b", hello: []string{"04 04 00 01 03 61 23 62"}, want: "FB"},
		{name: "name in use", hello: []string{"04 04 00 01 05", "\"user1\""}, want: "FA"},
		{name: "no method", hello: []string{"04 04 00 01 01 61"}, list: true, then: make([]byte, 90), want: "F7"},
		{name: "FOO", hello: []string{"04 04 00 01 01 61"}, list: true, then: frame.AppendChoice(nil, "FOO"), want: "F7"},
		{name: "IP", hello: []string{"04 04 00 01 01 61"}, list: true, then: frame.AppendChoice(nil, "IP"), want: "F7"},
		{name: "NULL and FOO", hello: []string{"04 04 00 01 01 61"}, list: true, then: frame.AppendChoice(nil, "NULL", "FOO"), want: "F7"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := d.dial()
			c.send(tt.hello...)
			if tt.list {
				c.want("05 4E 55 4C 4C 20")
				c.conn.Write(tt.then)
			}
			c.want(tt.want)
			c.wantEnd()
		})
	}

	// The names of refused handshakes are free, and so is user1's once it has
	// gone.
	d.login("a")
	user1.send("80 00 04 80", p1, "01 00 00 00", "80 00 00 80", "00 00 00 00", p1)
	user1.wantEnd()
	d.login("user1")
}

// TestHandshakeKinds: old libraries, split input, early data, no name.
func TestHandshakeKinds(t *testing.T) {
	d := newCluster(t, "", "alpha").start("alpha")
	t.Run("C 4.4", func(t *testing.T) { // section 2.9
		c := d.dial()
		c.send("04 04 00 01 05 75 73 65 72 31")
		c.want("05 4E 55 4C 4C 20")
		c.conn.Write(append([]byte("NULL"), make([]byte, 86)...))
		c.want("01 05 00 01 0C 23 75 73 65 72 31 23 61 6C 70 68 61")
	})
	t.Run("library 3.1", func(t *testing.T) { // section 2.6
		c := d.dial()
		c.send("03 01 01 04 75 73 65 72")
		c.want("01 05 00 0B", "\"#user#alpha\"")
	})
	t.Run("library 3.15", func(t *testing.T) {
		c := d.dial()
		c.send("03 0F 00 00 01 62")
		c.want("01 05 00 01 08", "\"#b#alpha\"")
	})
	t.Run("one byte at a time", func(t *testing.T) {
		c := d.dial()
		for _, b := range bytesOf("04 04 00 01 05", "\"split\"") {
			c.conn.Write([]byte{b})
		}
		c.want("05 4E 55 4C 4C 20")
		for _, b := range frame.AppendChoice(nil, "NULL") {
			c.conn.Write([]byte{b})
		}
		c.want("01 05 00 01 0C", "\"#split#alpha\"")
		for _, b := range bytesOf("80 00 01 80", "'#split#alpha'", "01 00 00 00", "80 00 00 80", "00 00 00 00", chat) {
			c.conn.Write([]byte{b})
		}
		if e, _ := c.event(); e.Type.Kind() != frame.KindMembership {
			t.Errorf("got %+v", e)
		}
	})
	t.Run("everything at once", func(t *testing.T) {
		c := d.dial()
		all := bytesOf("04 04 00 01 05", "\"eager\"")
		all = frame.AppendChoice(all, "NULL", "NULL", "NULL")
		all = frame.AppendMessage(all, frame.Join, "#eager#alpha", frame.NewHint(0), []string{"eager"}, nil)
		all = frame.AppendMessage(all, frame.Agreed, "#eager#alpha", frame.NewHint(5), []string{"eager"}, bytes.Repeat([]byte("x"), 10_000))
		c.conn.Write(all)
		c.want("05 4E 55 4C 4C 20", "01 05 00 01 0C", "\"#eager#alpha\"")
		if e, _ := c.event(); e.Type.Kind() != frame.KindMembership {
			t.Errorf("got %+v", e)
		}
		if e, _ := c.event(); e.Type.Kind() != frame.KindMessage || len(e.Data) != 10_000 {
			t.Errorf("got %+v", e)
		}
	})
	t.Run("no name", func(t *testing.T) {
		seen := map[string]bool{}
		for range 3 {
			c := d.dial()
			c.send("05 00 01 01 00")
			c.want("05 4E 55 4C 4C 20")
			c.conn.Write(frame.AppendChoice(nil, "NULL"))
			c.want("01 05 00 01")
			length := make([]byte, 1)
			_, _ = io.ReadFull(c.conn, length)
			private := make([]byte, length[0])
			_, _ = io.ReadFull(c.conn, private)
			if seen[string(private)] || !strings.HasPrefix(string(private), "#") || !strings.HasSuffix(string(private), "#alpha") {
				t.Errorf("private group %q", private)
			}
			seen[string(private)] = true
		}
	})
}
