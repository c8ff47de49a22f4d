//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

// floor is a way to move bytes with no protocol at all: what a daemon that
// sends and receives this way can reach at most on this bed.
type floor struct {
	called   string
	batch    int  // datagrams a system call, sendmmsg and recvmmsg
	gso, gro bool // runs of segments out, and in
}

var floors = []floor{
	{called: "one datagram a call", batch: 1},
	{called: "32 datagrams a call", batch: 32},
	{called: "GSO out", gso: true, batch: 32},
	{called: "GSO out, GRO in", gso: true, gro: true},
}

const (
	floorPort = 4804
	// segment is a datagram's content, and run how many make a call with GSO:
	// as many as 64 KiB hold.
	segment = 1400
	run64   = 44
	// floorBuffer is asked of the kernel for each socket, in bytes.
	floorBuffer = 8 << 20
)

// floor has the first host send to all others on all networks for a while, in
// turn on each, as a daemon does that sends every packet on every network. The
// result is what the slowest receiver got of one network: the other networks
// carry the same again.
func (b *bed) floor(ctx context.Context, f floor, span time.Duration) (sample, error) {
	s := sample{Mode: b.mode, Contender: "floor", Load: f.called}
	receivers, err := b.floorReceivers(f)
	defer func() {
		for _, r := range receivers {
			r.close()
		}
	}()
	if err != nil {
		return s, err
	}
	var all sync.WaitGroup
	for _, r := range receivers {
		all.Go(func() { r.receive(f) })
	}
	begin := time.Now()
	err = b.floorSend(ctx, f, span)
	took := time.Since(begin)
	for _, r := range receivers {
		r.ended.Store(true)
	}
	all.Wait()
	if err != nil {
		return s, err
	}
	least := receivers[0].bytes
	for _, r := range receivers {
		if r.err != nil {
			return s, r.err
		}
		least = min(least, r.bytes)
	}
	s.Result = &outcome{}
	s.Result.Size, s.Result.Seconds, s.Result.Senders, s.Result.Receivers = segment, took.Seconds(), 1, len(b.Hosts)-1
	s.Result.BytesPerSecond = float64(least) / took.Seconds()
	s.Result.MessagesPerSecond = s.Result.BytesPerSecond / segment
	return s, nil
}

// floorReceiver is one host's socket on one network.
type floorReceiver struct {
	fd    int
	ended atomic.Bool
	bytes int64
	err   error
}

func (r *floorReceiver) close() { _ = unix.Close(r.fd) }

func (b *bed) floorReceivers(f floor) ([]*floorReceiver, error) {
	var all []*floorReceiver
	for _, h := range b.Hosts[1:] {
		err := b.InNamespace(h, func() error {
			for n := range b.Networks {
				fd, err := floorSocket()
				if err != nil {
					return err
				}
				all = append(all, &floorReceiver{fd: fd})
				// Bound to the broadcast address, it gets this network's only.
				if err := errors.Join(
					unix.Bind(fd, &unix.SockaddrInet4{Port: floorPort, Addr: b.broadcast(n)}),
					unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 100_000}),
				); err != nil {
					return fmt.Errorf("floor: receiver on %s: %w", h, err)
				}
				if f.gro {
					if err := unix.SetsockoptInt(fd, unix.SOL_UDP, unix.UDP_GRO, 1); err != nil {
						return fmt.Errorf("floor: GRO: %w", err)
					}
				}
			}
			return nil
		})
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// floorSocket is a UDP socket with large buffers.
func floorSocket() (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("floor: socket: %w", err)
	}
	if err := errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, floorBuffer),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, floorBuffer),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BROADCAST, 1),
	); err != nil {
		return 0, errors.Join(fmt.Errorf("floor: socket options: %w", err), unix.Close(fd))
	}
	return fd, nil
}

func (b *bed) broadcast(network int) [4]byte {
	a := b.Subnet(network).Addr().As4()
	a[3] = 255
	return a
}

// receive counts bytes until told to end and nothing comes any more.
func (r *floorReceiver) receive(f floor) {
	if f.batch > 1 {
		r.err = r.receiveBatches(f.batch)
		return
	}
	buf := make([]byte, 1<<16)
	for {
		n, err := unix.Read(r.fd, buf)
		switch {
		case err == nil:
			r.bytes += int64(n)
		case err == unix.EAGAIN && r.ended.Load():
			return
		case err != unix.EAGAIN && err != unix.EINTR:
			r.err = fmt.Errorf("floor: receiving: %w", err)
			return
		}
	}
}

// receiveBatches is receive with recvmmsg.
func (r *floorReceiver) receiveBatches(batch int) error {
	conn, err := packetConn(r.fd)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	messages := newMessages(batch, 1<<16)
	for {
		if err := conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			return err
		}
		n, err := ipv4.NewPacketConn(conn).ReadBatch(messages, 0)
		for _, m := range messages[:max(n, 0)] {
			r.bytes += int64(m.N)
		}
		if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
			if r.ended.Load() {
				return nil
			}
		} else if err != nil {
			return fmt.Errorf("floor: receiving: %w", err)
		}
	}
}

// floorSend sends for a while.
func (b *bed) floorSend(ctx context.Context, f floor, span time.Duration) error {
	var sockets []int
	defer func() {
		for _, fd := range sockets {
			_ = unix.Close(fd)
		}
	}()
	err := b.InNamespace(b.Hosts[0], func() error {
		for n := range b.Networks {
			fd, err := floorSocket()
			if err != nil {
				return err
			}
			sockets = append(sockets, fd)
			err = unix.Connect(fd, &unix.SockaddrInet4{Port: floorPort, Addr: b.broadcast(n)})
			if err == nil && f.gso {
				err = unix.SetsockoptInt(fd, unix.SOL_UDP, unix.UDP_SEGMENT, segment)
			}
			if err != nil {
				return fmt.Errorf("floor: sender: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if f.batch > 1 && !f.gso {
		return floorSendBatches(ctx, sockets, f.batch, span)
	}
	size := segment
	if f.gso {
		size *= run64
	}
	buf := make([]byte, size)
	for begin := time.Now(); time.Since(begin) < span && ctx.Err() == nil; {
		for _, fd := range sockets {
			if _, err := unix.Write(fd, buf); err != nil && err != unix.ENOBUFS && err != unix.EAGAIN {
				return fmt.Errorf("floor: sending: %w", err)
			}
		}
	}
	return ctx.Err()
}

// floorSendBatches is floorSend with sendmmsg.
func floorSendBatches(ctx context.Context, sockets []int, batch int, span time.Duration) error {
	var conns []*ipv4.PacketConn
	for _, fd := range sockets {
		conn, err := packetConn(fd)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		conns = append(conns, ipv4.NewPacketConn(conn))
	}
	messages := newMessages(batch, segment)
	for begin := time.Now(); time.Since(begin) < span && ctx.Err() == nil; {
		for _, c := range conns {
			if _, err := c.WriteBatch(messages, 0); err != nil && !errors.Is(err, unix.ENOBUFS) {
				return fmt.Errorf("floor: sending: %w", err)
			}
		}
	}
	return ctx.Err()
}
