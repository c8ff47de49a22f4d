//go:build !portable

package datalink

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"
)

// insideEnv marks the copy of the test binary that runs in a network namespace
// of its own.
const insideEnv = "DATALINK_TEST_INSIDE"

// inNamespace runs the rest of a test in a fresh network namespace: in a child
// process that is this test binary, restricted to this test. The namespace has
// no name and ends with the child, which ends with this process, so that
// nothing is left behind however the test ends. It returns true in the child.
func inNamespace(t *testing.T) bool {
	t.Helper()
	if os.Getenv(insideEnv) == t.Name() {
		return true
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root to make a network namespace")
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=2m")
	cmd.Env = append(os.Environ(), insideEnv+"="+t.Name(), "GORACE=atexit_sleep_ms=0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread() // Pdeathsig is about the thread
	defer runtime.UnlockOSThread()
	out, err := cmd.CombinedOutput()
	switch {
	case errors.Is(err, unix.EPERM):
		t.Skipf("not permitted to make a network namespace: %v", err)
	case err != nil:
		t.Fatalf("in the namespace: %v\n%s", err, out)
	case bytes.Contains(out, []byte("--- SKIP")):
		t.Skipf("in the namespace: %s", out)
	case !bytes.Contains(out, []byte("--- PASS")):
		t.Fatalf("the child ran no test:\n%s", out)
	}
	return false
}

// peer is another host: a namespace that lives as long as one locked thread.
type peer struct {
	t    *testing.T
	work chan func()
	ns   *os.File
}

func newPeer(t *testing.T) *peer {
	p := &peer{t: t, work: make(chan func())}
	ready := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			p.ns, err = os.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()))
		}
		ready <- err
		for f := range p.work {
			f()
		}
	}()
	if err := <-ready; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { close(p.work); p.ns.Close() })
	return p
}

// do runs f in the peer's namespace.
func (p *peer) do(f func() error) {
	p.t.Helper()
	done := make(chan error)
	p.work <- func() { done <- f() }
	if err := <-done; err != nil {
		p.t.Fatal(err)
	}
}

// socket is a plain UDP socket of the peer; it receives into a channel.
type socket struct {
	conn *net.UDPConn
	got  chan string
}

// listen opens a socket on address:port, or joins it if it is a group.
func (p *peer) listen(addr, ifName string, port uint16) *socket {
	p.t.Helper()
	s := &socket{got: make(chan string, 4096)}
	p.do(func() error {
		a := netip.MustParseAddr(addr)
		if a.Is6() && a.IsMulticast() || a.IsLinkLocalUnicast() {
			a = a.WithZone(ifName)
		}
		at := net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, port))
		var err error
		if a.IsMulticast() {
			ifi, err := net.InterfaceByName(ifName)
			if err != nil {
				return err
			}
			s.conn, err = net.ListenMulticastUDP("udp", ifi, at)
			return err
		}
		reuse := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
			return c.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1) })
		}}
		conn, err := reuse.ListenPacket(p.t.Context(), "udp", at.String())
		if err != nil {
			return err
		}
		s.conn = conn.(*net.UDPConn)
		if !a.Is6() {
			return nil // the source address decides
		}
		ifi, err := net.InterfaceByName(ifName)
		if err != nil {
			return err
		}
		return ipv6.NewPacketConn(s.conn).SetMulticastInterface(ifi)
	})
	go func() {
		b := make([]byte, 65536)
		for {
			n, from, err := s.conn.ReadFromUDPAddrPort(b)
			if err != nil {
				close(s.got)
				return
			}
			s.got <- fmt.Sprintf("%s from %s", b[:n], from.Addr().Unmap().WithZone(""))
		}
	}()
	p.t.Cleanup(func() { s.conn.Close() })
	return s
}

// bindTo lets only packets in that arrive by one interface.
func (s *socket) bindTo(t *testing.T, ifName string) {
	t.Helper()
	raw, err := s.conn.SyscallConn()
	mustDo(t, "raw", err)
	var bound error
	mustDo(t, "control", raw.Control(func(fd uintptr) { bound = unix.BindToDevice(int(fd), ifName) }))
	mustDo(t, "bind to device", bound)
}

func (s *socket) send(t *testing.T, to string, ifName string, port uint16, data string) {
	t.Helper()
	a := netip.MustParseAddr(to)
	if a.Is6() && a.IsMulticast() {
		a = a.WithZone(ifName)
	}
	if _, err := s.conn.WriteToUDPAddrPort([]byte(data), netip.AddrPortFrom(a, port)); err != nil {
		t.Fatal(err)
	}
}

// link configuration; nil handle: this namespace.

func mustDo(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// addVeth makes a cable between name here and the same name at the peer, both
// ends up, with addresses ("" for none).
func addVeth(t *testing.T, p *peer, name, here, there string) {
	t.Helper()
	veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: name, MTU: 1500}, PeerName: name + "-peer"}
	err := netlink.LinkAdd(veth)
	if errors.Is(err, unix.EOPNOTSUPP) {
		t.Skip("this kernel has no veth")
	}
	mustDo(t, "add veth", err)
	if _, err := os.Stat("/proc/net/if_inet6"); err != nil && strings.Contains(there, ":") {
		t.Skip("this kernel has no IPv6")
	}
	other, err := netlink.LinkByName(name + "-peer")
	mustDo(t, "find veth", err)
	mustDo(t, "move veth", netlink.LinkSetNsFd(other, int(p.ns.Fd())))
	p.do(func() error { return setUp(name+"-peer", there) })
	mustDo(t, "set up", setUp(name, here))
	p.awaitCarrier(name + "-peer")
}

// awaitCarrier returns when the peer's interface can send: the kernel takes
// carrier notices in on a worker of its own.
func (p *peer) awaitCarrier(name string) {
	p.t.Helper()
	p.do(func() error {
		for end := time.Now().Add(patience); time.Now().Before(end); runtime.Gosched() {
			l, err := netlink.LinkByName(name)
			if err != nil {
				return err
			}
			if l.Attrs().OperState == netlink.OperUp {
				return nil
			}
		}
		return fmt.Errorf("no carrier on %s", name)
	})
}

func setUp(name, addresses string) error {
	l, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	if err := netlink.LinkSetUp(l); err != nil {
		return err
	}
	for a := range strings.FieldsSeq(addresses) {
		if err := addAddress(name, a, unix.IFA_F_NODAD); err != nil {
			return err
		}
	}
	return nil
}

func addAddress(name, address string, flags int) error {
	l, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	a, err := netlink.ParseAddr(address)
	if err != nil {
		return err
	}
	if a.IP.To4() == nil {
		a.Flags = flags
	}
	return netlink.AddrAdd(l, a)
}

func delAddress(name, address string) error {
	l, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	a, err := netlink.ParseAddr(address)
	if err != nil {
		return err
	}
	return netlink.AddrDel(l, a)
}

func change(name string, f func(netlink.Link) error) error {
	l, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	return f(l)
}

// fragments is what the namespace has made of, and put together from, IP
// fragments (A1).
func fragments(t *testing.T) string {
	t.Helper()
	var found []string
	for _, file := range []string{"/proc/thread-self/net/snmp", "/proc/thread-self/net/snmp6"} {
		b, err := os.ReadFile(file)
		if err != nil {
			continue // no IPv6
		}
		lines := strings.Split(string(b), "\n")
		for i, l := range lines {
			if f := strings.Fields(l); len(f) == 2 && (f[0] == "Ip6FragCreates" || f[0] == "Ip6ReasmReqds") && f[1] != "0" {
				found = append(found, l)
			}
			if !strings.HasPrefix(l, "Ip: Forwarding") {
				continue
			}
			values := strings.Fields(lines[i+1])
			for j, key := range strings.Fields(l) {
				if (key == "FragCreates" || key == "ReasmReqds") && values[j] != "0" {
					found = append(found, key+" "+values[j])
				}
			}
		}
	}
	return strings.Join(found, ", ")
}

func assertNoFragments(t *testing.T, p *peer) {
	t.Helper()
	if f := fragments(t); f != "" {
		t.Errorf("fragments here: %s", f)
	}
	p.do(func() error {
		if f := fragments(t); f != "" {
			return errors.New("fragments at the peer: " + f)
		}
		return nil
	})
}
