//go:build linux

package labnet

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// frameOf makes a frame with its header: a datagram to our port.
func frameOf(ipv6 bool, payload []byte) []byte {
	frame := make([]byte, vnetHeader+ethernet)
	udp := make([]byte, 8, 8+len(payload))
	binary.BigEndian.PutUint16(udp, Port)
	binary.BigEndian.PutUint16(udp[2:], Port)
	udp = append(udp, payload...)
	if ipv6 {
		binary.BigEndian.PutUint16(frame[vnetHeader+12:], 0x86dd)
		header := make([]byte, 40)
		header[0], header[6], header[23], header[39] = 0x60, 17, 1, 2
		return append(append(frame, header...), udp...)
	}
	binary.BigEndian.PutUint16(frame[vnetHeader+12:], 0x0800)
	header := make([]byte, 20)
	header[0], header[9] = 0x45, 17
	copy(header[12:], []byte{10, 77, 1, 1, 10, 77, 1, 2})
	return append(append(frame, header...), udp...)
}

// checksums tells whether the checksums and lengths of a datagram are right,
// by the definition: the sum over everything, checksum included, is all ones.
func checksums(frame []byte, ipv6 bool) bool {
	at, ok := datagram(frame)
	if !ok {
		return false
	}
	udp := frame[at.udp:]
	pseudo := uint32(17 + len(udp))
	if ipv6 {
		pseudo = sum16(pseudo, frame[at.ip+8:at.ip+40])
		if int(binary.BigEndian.Uint16(frame[at.ip+4:])) != len(udp) {
			return false
		}
	} else {
		pseudo = sum16(pseudo, frame[at.ip+12:at.ip+20])
		if fold(sum16(0, frame[at.ip:at.udp])) != 0xffff || int(binary.BigEndian.Uint16(frame[at.ip+2:])) != len(frame)-at.ip {
			return false
		}
	}
	return fold(sum16(pseudo, udp)) == 0xffff && int(binary.BigEndian.Uint16(udp[4:])) == len(udp)
}

// What is damaged differs, and comes through the checksums.
func TestDamage(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for _, ipv6 := range []bool{false, true} {
		shorter, longer, same := 0, 0, 0
		for i := range 500 {
			frame := frameOf(ipv6, bytes.Repeat([]byte{byte(i)}, 1+i))
			before := bytes.Clone(frame)
			out := damage(random, frame)
			if !bytes.Equal(frame, before) {
				t.Fatal("the frame itself was damaged")
			}
			if bytes.Equal(out[vnetHeader+ethernet:], frame[vnetHeader+ethernet:]) {
				t.Fatalf("a payload of %d bytes is as it was", 1+i)
			}
			if !checksums(out, ipv6) {
				t.Fatalf("ipv6 %v: checksums or lengths are wrong: %x", ipv6, out)
			}
			switch {
			case len(out) < len(frame):
				shorter++
			case len(out) > len(frame):
				longer++
			default:
				same++
			}
		}
		if shorter == 0 || longer == 0 || same == 0 {
			t.Errorf("%d shorter, %d longer, %d of the same length", shorter, longer, same)
		}
	}
}

// What is no datagram of ours, or is a run of them, is left alone.
func TestDamageLeavesOthers(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	run := frameOf(false, []byte("run"))
	run[vnetGSO] = 5
	other := frameOf(false, []byte("other"))
	binary.BigEndian.PutUint16(other[len(other)-5-6:], 53)
	arp := frameOf(false, nil)
	binary.BigEndian.PutUint16(arp[vnetHeader+12:], 0x0806)
	tests := map[string][]byte{"run": run, "other port": other, "ARP": arp, "short": arp[:30], "none": make([]byte, vnetHeader+ethernet)}
	for name, frame := range tests {
		if out := damage(random, frame); out != nil {
			t.Errorf("%s: %x", name, out)
		}
	}
	empty := frameOf(true, nil)
	for range 50 {
		if out := damage(random, empty); !checksums(out, true) {
			t.Fatalf("an empty datagram became %x", out)
		}
	}
}
