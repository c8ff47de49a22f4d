package admin

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"time"

	"mpspread/multipath"
)

// exchange drives an Operator with sockets. Its readers are a goroutine each;
// all else belongs to the goroutine of Ask.
type exchange struct {
	op      *multipath.Operator
	begun   time.Time
	links   map[netip.AddrPort]*net.UDPConn // by the daemon's address
	errs    map[netip.AddrPort]error        // the latest of each way
	order   []netip.AddrPort
	packets chan packet
	stop    chan struct{}
	readers sync.WaitGroup
}

// packet is a datagram that came, or an error that a socket reported.
type packet struct {
	network multipath.NetworkID
	from    netip.AddrPort
	data    []byte
	err     error
}

// open opens a socket to each of the daemon's addresses. A way that cannot be
// opened is remembered; the others do.
func (e *exchange) open(ctx context.Context, r *Remote) {
	e.links, e.errs = map[netip.AddrPort]*net.UDPConn{}, map[netip.AddrPort]error{}
	own := ownAddresses()
	for _, way := range r.ways() {
		for _, to := range way.To {
			e.order = append(e.order, to)
			// Dialling UDP does not block: that ctx has ended is seen later.
			conn, err := dial(context.WithoutCancel(ctx), routeTo(r.cfg, int(way.ID), to.Addr(), own), to)
			if err != nil {
				e.errs[to] = err
				continue
			}
			e.links[to] = conn
			e.readers.Go(func() { e.read(way.ID, to, conn) })
		}
	}
}

// maxDatagram is the largest UDP payload there is.
const maxDatagram = 65535

// read passes on what comes, until close.
func (e *exchange) read(network multipath.NetworkID, from netip.AddrPort, conn *net.UDPConn) {
	buffer := make([]byte, maxDatagram)
	for {
		n, err := conn.Read(buffer)
		p := packet{network: network, from: from, data: append([]byte(nil), buffer[:n]...), err: err}
		select {
		case e.packets <- p:
		case <-e.stop:
			return
		}
		// What the kernel reports, such as that nobody listens, may change yet.
		var system syscall.Errno
		if err != nil && !errors.As(err, &system) {
			return
		}
	}
}

// close ends the readers and waits for them.
func (e *exchange) close() {
	close(e.stop)
	for _, conn := range e.links {
		_ = conn.Close()
	}
	e.readers.Wait()
}

// run goes on until the Operator is done. Its error is ctx's.
func (e *exchange) run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for !e.op.Done() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case p := <-e.packets:
			if p.err != nil {
				e.errs[p.from] = p.err
			} else {
				e.op.Receive(time.Since(e.begun), p.network, p.data)
			}
		case <-timer.C:
		}
		now := time.Since(e.begun)
		if e.op.Deadline() <= now {
			e.op.Advance(now)
		}
		e.send()
		timer.Reset(max(0, e.op.Deadline()-time.Since(e.begun)))
	}
	return nil
}

// send sends what the Operator has to send. An error is remembered for its
// way, and never holds another one up.
func (e *exchange) send() {
	for _, d := range e.op.Datagrams() {
		if conn := e.links[d.To]; conn != nil {
			if _, err := conn.Write(d.Data); err != nil {
				e.errs[d.To] = err
			}
		}
	}
}

// failures is what the sockets reported, one reason for each way.
func (e *exchange) failures() error {
	var all []string
	for _, to := range e.order {
		err := e.errs[to]
		var system syscall.Errno
		switch {
		case err == nil:
			continue
		case errors.As(err, &system):
			all = append(all, to.String()+": "+system.Error())
		default:
			all = append(all, err.Error())
		}
	}
	if len(all) == 0 {
		return errors.New("no answer in time")
	}
	return errors.New(strings.Join(all, ", "))
}
