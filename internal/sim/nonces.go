package sim

import (
	"fmt"
	"hash/crc32"

	"mpspread/internal/trace"
	"mpspread/ring"
)

// nonces are those of all packets of a run in which a machine is put back, by
// the key that sealed them: cluster key, sender, life and sub-epoch (SEC-3).
type nonces map[nonce]uint32

type nonce struct {
	key    uint8
	sender ring.Process
	epoch  uint64
	nonce  [nonceSize]byte
}

// Offsets in the envelope's clear header (package multipath).
const (
	keyAt      = 2
	nonceAt    = 24
	nonceSize  = 12
	epochShift = 28
)

// check finds a nonce used for two packets under one key (SEC-5): whoever sees
// both can forge packets. Copies of a packet are one packet.
func (n nonces) check(w *World, data []byte) {
	if n == nil || w.plan.Plaintext {
		return
	}
	sender, counter := headerOf(data)
	k := nonce{key: data[keyAt], sender: sender, epoch: counter >> epochShift, nonce: [nonceSize]byte(data[nonceAt:])}
	sum := crc32.ChecksumIEEE(data)
	if before, used := n[k]; used && before != sum {
		w.checker.Broke(fmt.Sprintf("SEC-5: %s has used the nonce %x twice with key %d", trace.ProcessString(sender), k.nonce, k.key))
	}
	n[k] = sum
}
