//go:build linux

package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

//go:embed corosync/flood.c
var flooderSource []byte

// corosync is Corosync in one configuration: knet over all networks.
type corosync struct {
	mode    string // link_mode: active, passive
	tuned   bool
	flooder string // program
}

func (c *corosync) name() string {
	if c.tuned {
		return "corosync-" + c.mode + "-tuned"
	}
	return "corosync-" + c.mode
}

// buildFlooder compiles the load generator.
func buildFlooder(ctx context.Context, dir string) (string, error) {
	source, program := filepath.Join(dir, "flood.c"), filepath.Join(dir, "flood")
	if err := os.WriteFile(source, flooderSource, 0o600); err != nil {
		return "", err
	}
	args := []string{"gcc", "-O2", "-march=native", "-o", program, source, "-lcpg", "-lpthread"}
	if _, err := output(ctx, args...); err != nil {
		return "", err
	}
	return program, nil
}

// haveCorosync tells what of Corosync is missing.
func haveCorosync() error {
	for _, tool := range []string{"corosync", "corosync-cfgtool", "gcc"} {
		if _, err := exec.LookPath(tool); err != nil {
			return err
		}
	}
	_, err := os.Stat("/usr/include/corosync/cpg.h")
	return err
}

// corosyncRun is its daemons.
type corosyncRun struct {
	processes
	corosync   *corosync
	namespaces []string
}

func (c *corosync) start(ctx context.Context, b *bed, dir string) (running, error) {
	r := &corosyncRun{corosync: c}
	for _, h := range b.Hosts {
		home := filepath.Join(dir, h)
		file := filepath.Join(home, "corosync.conf")
		if err := errors.Join(os.Mkdir(home, 0o700), os.WriteFile(file, []byte(c.configuration(b, home)), 0o600)); err != nil {
			return nil, errors.Join(err, r.stop())
		}
		// Three on one machine need a /run each. The mount is seen by nobody
		// else: "ip netns exec" gives the program a mount namespace.
		p, err := startProcess(dir, h, b.Inside(h, "sh", "-c", `mount -t tmpfs none /run && exec corosync -f -c "$0"`, file))
		if err != nil {
			return nil, errors.Join(err, r.stop())
		}
		r.processes = append(r.processes, p)
		r.namespaces = append(r.namespaces, filepath.Join("/run/netns", b.Namespace(h)))
	}
	if err := r.linked(ctx, b); err != nil {
		return nil, errors.Join(err, r.stop())
	}
	return r, nil
}

// configuration is one daemon's file: what Debian ships, with the nodes and
// the link mode, and where it keeps its things. Tuned, more is sent in a
// rotation of the token, within what corosync.conf(5) allows.
func (c *corosync) configuration(b *bed, home string) string {
	var t strings.Builder
	fmt.Fprintf(&t, "totem {\n version: 2\n cluster_name: bench\n transport: knet\n link_mode: %s\n crypto_cipher: none\n crypto_hash: none\n", c.mode)
	if c.tuned {
		t.WriteString(" window_size: 300\n max_messages: 100\n")
	}
	fmt.Fprintf(&t, "}\nsystem {\n state_dir: %s\n}\nlogging {\n to_stderr: yes\n to_logfile: no\n to_syslog: no\n}\nquorum {\n provider: corosync_votequorum\n}\nnodelist {\n", home)
	for i, h := range b.Hosts {
		fmt.Fprintf(&t, " node {\n  name: %s\n  nodeid: %d\n", h, i+1)
		for n := range b.Networks {
			fmt.Fprintf(&t, "  ring%d_addr: %s\n", n, b.Address(h, n))
		}
		t.WriteString(" }\n")
	}
	t.WriteString("}\n")
	return t.String()
}

// linked waits until every daemon has every link to every other.
func (r *corosyncRun) linked(ctx context.Context, b *bed) error {
	wanted := (len(b.Hosts) - 1) * b.Networks
	for begin := time.Now(); ; {
		all := true
		for _, h := range b.Hosts {
			// It fails until the daemon answers.
			out, _ := output(ctx, b.Inside(h, "corosync-cfgtool", "-n")...)
			all = all && strings.Count(string(out), "connected mtu") >= wanted
		}
		if all {
			return nil
		}
		if time.Since(begin) > ringLimit {
			return fmt.Errorf("not all links are connected within %v", ringLimit)
		}
		if err := errors.Join(r.failed(), wait(ctx, 200*time.Millisecond)); err != nil {
			return err
		}
	}
}

func (r *corosyncRun) measure(ctx context.Context, l load) (outcome, error) {
	senders := l.senders
	switch {
	case senders > 0:
	case l.rate > 0:
		senders = len(r.namespaces)
	default:
		// It carries more of one sender than of several: each message is a
		// round trip between client and daemon, and the daemons run before the clients.
		senders = 1
	}
	var pids []string
	for _, p := range r.pids() {
		pids = append(pids, fmt.Sprint(p))
	}
	return parseOutcome(output(ctx, r.corosync.flooder, "-n", strings.Join(r.namespaces, ","), "-p", strings.Join(pids, ","),
		"-s", fmt.Sprint(l.size), "-k", fmt.Sprint(senders), "-r", fmt.Sprint(l.rate), "-o", fmt.Sprint(l.window(senders)),
		"-w", fmt.Sprint(l.warmup.Seconds()), "-d", fmt.Sprint(l.duration.Seconds())))
}
