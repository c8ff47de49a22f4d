//go:build linux

package main

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

// packetConn is a socket as the batch calls of x/net want it; the descriptor
// stays the caller's.
func packetConn(fd int) (net.PacketConn, error) {
	own, err := unix.Dup(fd)
	if err != nil {
		return nil, fmt.Errorf("floor: %w", err)
	}
	file := os.NewFile(uintptr(own), "floor")
	defer func() { _ = file.Close() }()
	conn, err := net.FilePacketConn(file)
	if err != nil {
		return nil, fmt.Errorf("floor: %w", err)
	}
	return conn, nil
}

// newMessages are buffers for a batch call.
func newMessages(batch, size int) []ipv4.Message {
	messages := make([]ipv4.Message, batch)
	for i := range messages {
		messages[i].Buffers = [][]byte{make([]byte, size)}
	}
	return messages
}
