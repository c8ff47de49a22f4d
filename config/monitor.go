package config

import "net/netip"

// Monitor is the section [monitor]: how operators look in and take part
// (design 8, SEC-16).
type Monitor struct {
	// Socket is the path of the admin socket, with {port} and {name} in it;
	// see Config.Expand.
	Socket string
	// Metrics is where Prometheus metrics and the status page are served; the
	// zero AddrPort: nowhere.
	Metrics netip.AddrPort
	// Dangerous allows partition, flow control and terminate over the network.
	Dangerous bool
	// Admins is the name of the group whose members may change things on the
	// admin socket, besides uid 0 and the daemon's own; "" for none.
	Admins string
}

const defaultAdminSocket = "/run/spread/{name}.admin"

func (b *builder) monitor(root *table) {
	t, _ := root.table("monitor")
	m := &b.cfg.Monitor
	m.Socket = t.text("socket", defaultAdminSocket)
	if err := b.checkSocketPath(m.Socket); err != nil {
		t.fail("socket", "%v", err)
	}
	if t.has("metrics") {
		if s, ok := get[string](t, "metrics", "an address in quotes,"); ok && s != "" {
			ap, err := parseListener(s, 0)
			if err != nil {
				t.fail("metrics", "%v", err)
			}
			m.Metrics = ap
		}
	}
	m.Dangerous = t.flag("dangerous", false)
	m.Admins = t.text("admins", "")
	t.refuseUnknown()
}
