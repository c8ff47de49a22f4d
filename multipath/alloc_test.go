package multipath

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"testing"
)

// sealedRun returns packets of daemon 1, as sent on both networks.
func sealedRun(w *world, n, size int) [][]byte {
	payload := bytes.Repeat([]byte{7}, size)
	var run [][]byte
	for range n {
		run = append(run, w.packet(string(payload)))
	}
	return run
}

// house-style: the path of a received data packet allocates nothing, nor does
// sending, nor anything that is refused.
func TestNoAllocations(t *testing.T) {
	for _, c := range []Cipher{AES256GCM, ChaCha20Poly1305} {
		w := pair(t, func(cfg *Config) { cfg.Cipher = c })
		nd, from := w.nodes[0], testAddr(0, 1)
		payload := make([]byte, 1400)
		send := func() {
			nd.Send(w.now, KindUpper, 0, false, payload)
			nd.Datagrams()
		}
		send()
		if n := testing.AllocsPerRun(500, send); n != 0 {
			t.Errorf("cipher %d: %v allocations per packet sent", c, n)
		}
		run := sealedRun(w, 502, 1400)
		i := 0
		receive := func() {
			if _, ok := nd.Receive(w.now, 0, from, run[i]); !ok {
				t.Fatal("refused")
			}
			i++
		}
		if n := testing.AllocsPerRun(500, receive); n != 0 {
			t.Errorf("cipher %d: %v allocations per packet received", c, n)
		}
		second := func() { nd.Receive(w.now, 1, from, run[0]) }
		if n := testing.AllocsPerRun(500, second); n != 0 {
			t.Errorf("cipher %d: %v allocations per second copy", c, n)
		}
		bad := w.packet("x")
		for name, f := range map[string]func(b []byte){
			"unknown sender": func(b []byte) { b[4] = 0x55 },
			"unknown life":   func(b []byte) { b[8] ^= 1 },
			"tag":            func(b []byte) { b[len(b)-1] ^= 1 },
			"far counter":    func(b []byte) { b[17] = 0x55 },
		} {
			data := make([]byte, len(bad))
			if n := testing.AllocsPerRun(100, func() {
				copy(data, bad)
				f(data)
				nd.Receive(w.now, 0, from, data)
			}); n != 0 {
				t.Errorf("%s: %v allocations", name, n)
			}
		}
	}
}

func BenchmarkSend(b *testing.B) {
	for _, size := range []int{64, 1400} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			w := pair(b)
			w.nodes[0].env.entropy = rand.Reader
			payload := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				w.nodes[0].Send(w.now, KindUpper, 0, false, payload)
				w.nodes[0].Datagrams()
			}
		})
	}
}

func BenchmarkReceive(b *testing.B) {
	for _, size := range []int{64, 1400} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			w := pair(b)
			w.nodes[0].env.entropy = rand.Reader
			b.SetBytes(int64(size))
			b.ReportAllocs()
			const batch = 1000
			var run [][]byte
			i := batch
			for b.Loop() {
				if i == batch {
					b.StopTimer()
					run, i = sealedRun(w, batch, size), 0
					b.StartTimer()
				}
				// Both copies: the first is opened, the second only counted.
				if _, ok := w.nodes[0].Receive(w.now, 0, testAddr(0, 1), run[i]); !ok {
					b.Fatal("refused")
				}
				w.nodes[0].Receive(w.now, 1, testAddr(1, 1), run[i])
				i++
			}
		})
	}
}
