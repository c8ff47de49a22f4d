package config

import (
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Client is the section [client]: where and which programs may connect, and
// how much of everything they may have (SEC-11 to SEC-14).
type Client struct {
	// Sockets are the paths of the local sockets, with {port} and {name} in
	// them; see Expand.
	Sockets []string
	// Mode is the sockets' mode, 0666 by default; Group, if not "", the name
	// of their group.
	Mode  fs.FileMode
	Group string
	// AllowUID and AllowGID are who may use the sockets; everybody if both
	// are empty. See AllowsUser.
	AllowUID, AllowGID []uint32
	// Access are the subnets whose TCP clients may connect in clear. Loopback
	// addresses always may. See AllowsPlain.
	Access []netip.Prefix
	// TLS is for all other TCP clients; nil: they are refused.
	TLS *TLS

	MaxSessions         int // of this daemon
	MaxSessionsPerUID   int // of one user, on local sockets
	MaxGroups           int // that one session is a member of
	MaxGroupsPerMessage int
	MaxMessage          int // bytes of data in one message
	MaxQueue            int // bytes waiting for one session
	// MaxRate is how many messages one session may send per second; 0: any
	// number.
	MaxRate          int
	HandshakeTimeout time.Duration
}

// TLS names the files, in PEM form, for TLS 1.3 with client certificates.
type TLS struct{ Certificate, Key, CA string }

// Bounds and defaults of the limits. What Spread clients may rely on is the
// least: 100 groups a message, 144 000 bytes a message (client protocol 4.3).
const (
	defaultSessions  = 4096
	mostSessions     = 65535
	defaultGroups    = 10000
	mostGroups       = 1 << 20
	groupsPerMessage = 100
	defaultMessage   = 16 << 20
	leastMessage     = 144000
	mostMessage      = 256 << 20
	defaultQueue     = 64 << 20
	mostQueue        = 1 << 30
	mostRate         = 100_000_000
	defaultHandshake = 5 * time.Second
	mostID           = 1<<32 - 2 // 2³²-1 is nobody (chown(2))
)

var defaultSockets = []string{"/run/spread/{port}", "/tmp/{port}"}

func (b *builder) client(root *table) {
	t, _ := root.table("client")
	c := &b.cfg.Client
	c.Sockets = b.socketPaths(t)
	c.Mode = mode(t)
	c.Group = t.text("group", "")
	c.AllowUID = ids(t, "allow_uid")
	c.AllowGID = ids(t, "allow_gid")
	c.Access = access(t)
	c.TLS = b.tls(t)
	b.limits(t)
	t.refuseUnknown()
}

func (b *builder) limits(t *table) {
	c := &b.cfg.Client
	c.MaxSessions = int(t.number("max_sessions", defaultSessions, 1, mostSessions))
	c.MaxSessionsPerUID = int(t.number("max_sessions_per_uid", int64(c.MaxSessions), 1, mostSessions))
	c.MaxGroups = int(t.number("max_groups", defaultGroups, 1, mostGroups))
	c.MaxGroupsPerMessage = int(t.number("max_groups_per_message", groupsPerMessage, 1, groupsPerMessage))
	c.MaxMessage = int(t.size("max_message", defaultMessage, leastMessage, mostMessage))
	c.MaxQueue = int(t.size("max_queue", defaultQueue, leastMessage, mostQueue))
	c.MaxRate = int(t.number("max_rate", 0, 0, mostRate))
	c.HandshakeTimeout = t.duration("handshake_timeout", defaultHandshake, 100*time.Millisecond, time.Minute)
	if least := c.MaxMessage + messageHeaders; c.MaxQueue < least {
		t.fail("max_queue", "must hold the longest message: at least client.max_message and 64KiB, that is %s, not %s",
			formatSize(int64(least)), formatSize(int64(c.MaxQueue)))
	}
}

// socketPaths reads the sockets' paths.
func (b *builder) socketPaths(t *table) []string {
	if !t.has("sockets") {
		return slices.Clone(defaultSockets)
	}
	var paths []string
	for _, it := range t.texts("sockets") {
		if err := b.checkSocketPath(it.text); err != nil {
			it.fail("%v", err)
		} else if slices.Contains(paths, it.text) {
			it.fail("%s is listed twice", quote(it.text))
		}
		paths = append(paths, it.text)
	}
	return paths
}

// checkSocketPath checks a path with {port} and {name} in it, for the daemon
// with the longest name.
func (b *builder) checkSocketPath(path string) error {
	longest := ""
	for _, d := range b.cfg.Daemons {
		if len(d.Name) > len(longest) && len(d.Name) <= MaxName {
			longest = d.Name
		}
	}
	full := b.cfg.Expand(path, longest)
	switch {
	case !strings.HasPrefix(path, "/") || strings.HasSuffix(path, "/"):
		return fmt.Errorf("%s is not the absolute path of a socket", quote(path))
	case strings.ContainsAny(full, "{}\x00"):
		return fmt.Errorf("%s: only {port} and {name} are replaced", quote(path))
	case len(full) > MaxSocketPath:
		return fmt.Errorf("%s has %d bytes for daemon %s; the path of a socket has %d at most",
			quote(full), len(full), quote(longest), MaxSocketPath)
	}
	return nil
}

// Expand replaces {port} and {name} in a socket's path for the daemon with
// the given name.
func (c *Config) Expand(path, name string) string {
	return strings.NewReplacer("{port}", strconv.Itoa(int(c.Port)), "{name}", name).Replace(path)
}

// mode reads the octal mode of the sockets.
func mode(t *table) fs.FileMode {
	const def = "0666" // old clients of every user look there
	s := t.text("mode", def)
	n, err := strconv.ParseUint(s, 8, 9)
	if err != nil || len(s) != 4 {
		t.fail("mode", `must be an octal mode in quotes, "0000" to "0777", not %s`, quote(s))
	}
	return fs.FileMode(n)
}

// ids reads a list of user or group numbers.
func ids(t *table, key string) []uint32 {
	var list []uint32
	for _, n := range t.numbers(key, 0, mostID) {
		list = append(list, uint32(n))
	}
	return list
}

// access reads the subnets and single addresses of clients.
func access(t *table) []netip.Prefix {
	var list []netip.Prefix
	for _, it := range t.texts("access") {
		p, err := netip.ParsePrefix(it.text)
		if err != nil {
			var a netip.Addr
			if a, err = netip.ParseAddr(it.text); err == nil {
				p = netip.PrefixFrom(a.WithZone(""), a.BitLen())
			}
		}
		switch {
		case err != nil || p.Addr().Is4In6():
			it.fail(`%s is not a subnet or address, such as "10.77.1.0/24" or "10.77.1.9"`, quote(it.text))
		case p != p.Masked():
			it.fail("%s has bits set behind the prefix; did you mean %q?", quote(it.text), p.Masked())
		default:
			list = append(list, p)
		}
	}
	return list
}

// tls reads the table client.tls, of which every key is needed.
func (b *builder) tls(t *table) *TLS {
	sub, present := t.table("tls")
	if !present {
		return nil
	}
	for _, key := range schema["client.tls"] {
		if !sub.has(key) {
			sub.fail(key, "missing: the path of a file in PEM form")
		}
	}
	sub.refuseUnknown()
	return &TLS{b.path(sub, "certificate"), b.path(sub, "key"), b.path(sub, "ca")}
}

// AllowsUser tells whether a process of this user and group may use the local
// sockets.
func (c *Client) AllowsUser(uid, gid uint32) bool {
	return len(c.AllowUID) == 0 && len(c.AllowGID) == 0 ||
		slices.Contains(c.AllowUID, uid) || slices.Contains(c.AllowGID, gid)
}

// AllowsPlain tells whether a TCP client from this address may connect in
// clear (SEC-12).
func (c *Client) AllowsPlain(from netip.Addr) bool {
	from = from.Unmap().WithZone("")
	return from.IsLoopback() || slices.ContainsFunc(c.Access, func(p netip.Prefix) bool { return p.Contains(from) })
}
