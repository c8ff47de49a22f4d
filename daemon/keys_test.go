package daemon

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/zap/zaptest/observer"

	"mpspread/client/frame"
	"mpspread/config"
	"mpspread/multipath"
)

// effect is how a key of the configuration is known to do something: it
// changes what links or engine are made of, or is warned of, with the
// replacement in the text of a configuration; or a test shows it.
type effect struct {
	old, new string
	test     func(*testing.T)
}

// effects holds every key of spread.toml.
var effects = map[string]effect{
	"cluster":           {old: `cluster = "test"`, new: `cluster = "other"`},
	"port":              {old: `port = 4803`, new: `port = 4804`},
	"key_file":          {old: `cluster.key"`, new: `other.key"`},
	"security":          {old: "key_file =", new: "security = \"plaintext\" #"},
	"failure_detection": {old: "port =", new: "failure_detection = \"1s\"\nmax_skew = \"125ms\"\nport ="},
	"policy":            {old: "port =", new: "policy = \"failover\"\nport ="},
	"max_skew":          {old: "port =", new: "max_skew = \"7ms\"\nport ="},
	"reassembly_budget": {old: "port =", new: "reassembly_budget = \"100MiB\"\nport ="},
	"network.name":      {old: `A`, new: `C`},
	"network.transport": {old: `name = "A"`, new: "name = \"A\"\ntransport = \"unicast\""},
	"network.subnet":    {old: `10.77.1.0/24`, new: `10.77.1.0/25`},
	"network.mtu":       {old: `name = "A"`, new: "name = \"A\"\nmtu = 1400"},
	"network.offload":   {old: `name = "A"`, new: "name = \"A\"\noffload = false"},
	"network.dscp":      {old: `name = "A"`, new: "name = \"A\"\ndscp = 46"},
	"network.primary":   {old: `name = "B"`, new: "name = \"B\"\nprimary = true"},
	"network.group":     {old: `name = "A"`, new: "name = \"A\"\ngroup = \"239.1.2.3\""},
	"daemon.name":       {old: `name = "h1"`, new: `name = "h9"`},
	"daemon.address":    {old: `"10.77.1.1"`, new: `"10.77.1.111"`},
	"daemon.clients":    {test: TestTCP},

	"client.sockets":                {test: TestSockets},
	"client.mode":                   {test: TestSocketOwner},
	"client.group":                  {test: TestSocketOwner},
	"client.allow_uid":              {test: TestSessionLimits},
	"client.allow_gid":              {test: TestAllowGID},
	"client.access":                 {test: TestTLSBesidePlain},
	"client.tls":                    {test: TestTLS},
	"client.max_sessions":           {test: TestSessionLimits},
	"client.max_sessions_per_uid":   {test: TestSessionLimits},
	"client.max_groups":             {test: TestSessionLimits},
	"client.max_groups_per_message": {test: TestSessionLimits},
	"client.max_message":            {old: "[client]", new: "[client]\nmax_message = \"1MiB\""},
	"client.max_queue":              {test: TestSlowClient},
	"client.max_rate":               {test: TestSessionLimits},
	"client.handshake_timeout":      {test: TestHandshakeTimeout},

	"monitor.socket":    {test: TestAdminSocket},
	"monitor.metrics":   {old: "[monitor]", new: "[monitor]\nmetrics = \"127.0.0.1:9480\""},
	"monitor.dangerous": {old: "[monitor]", new: "[monitor]\ndangerous = true"},
	"monitor.admins":    {old: "[monitor]", new: "[monitor]\nadmins = \"spread-admins\""},
}

// exampleKeys are the keys of spread.toml.example, set or only shown.
func exampleKeys(t *testing.T) (keys []string) {
	t.Helper()
	text, err := os.ReadFile("../spread.toml.example")
	if err != nil {
		t.Fatal(err)
	}
	setting := regexp.MustCompile(`^#?([a-z_]+) *= `)
	section := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			section = strings.Trim(line, "[]") + "."
		}
		if m := setting.FindStringSubmatch(line); m != nil && !slices.Contains(keys, section+m[1]) {
			keys = append(keys, section+m[1])
		}
	}
	return keys
}

// TestEveryKeyHasAnEffect: no key of spread.toml is silently ignored.
func TestEveryKeyHasAnEffect(t *testing.T) {
	c := newCluster(t, "", "h1", "h2")
	if err := os.WriteFile(filepath.Join(c.dir, "other.key"), config.GenerateKeyFile(), 0o600); err != nil {
		t.Fatal(err)
	}
	plain := made(t, c.text)
	keys := exampleKeys(t)
	if len(keys) < 35 || len(keys) != len(effects) {
		t.Errorf("%d keys in the example, %d in the table", len(keys), len(effects))
	}
	for _, key := range keys {
		e, known := effects[key]
		switch {
		case !known:
			t.Errorf("%s: nothing shows its effect", key)
		case e.test != nil: // another test
		case !strings.Contains(c.text, e.old):
			t.Errorf("%s: the configuration has no %s", key, e.old)
		case made(t, strings.ReplaceAll(c.text, e.old, e.new)) == plain:
			t.Errorf("%s has no effect, and no warning says so", key)
		}
	}
}

// made is all that links and engine are made of, but for the hash, and what is
// warned of.
func made(t *testing.T, text string) string {
	t.Helper()
	c, err := config.Parse(strings.NewReader(text), "test.toml")
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	states := new(sink).States(nil)
	e, _, err := engineConfig(c, 0, states)
	if err != nil {
		t.Fatal(err)
	}
	e.Multipath.Entropy, e.Multipath.Incarnation = nil, multipath.Incarnation{}
	e.Ring.Epoch, e.Ring.Hash = 0, 0
	return fmt.Sprintf("%+v\n%+v\n%v", linksConfig(c, 0), e, c.Warnings(true))
}

// TestRealtimeWarning: what is known of the priority decides on the warning.
func TestRealtimeWarning(t *testing.T) {
	for _, granted := range []bool{false, true} {
		c := newCluster(t, "", "h1")
		c.cfg.FailureDetection /= 5
		c.realtime = granted
		d := c.start("h1")
		d.login("u")
		warned := slices.ContainsFunc(d.logs.FilterMessage("configuration").All(), func(e observer.LoggedEntry) bool {
			return e.ContextMap()["key"] == "failure_detection"
		})
		if warned == granted {
			t.Errorf("granted %v: warned %v", granted, warned)
		}
	}
}

// TestSocketOwner: mode and group of the client socket.
func TestSocketOwner(t *testing.T) {
	group, err := user.LookupGroupId(fmt.Sprint(os.Getgid()))
	if err != nil {
		t.Skip("this user's group has no name: ", err)
	}
	c := newCluster(t, fmt.Sprintf("mode = \"0620\"\ngroup = %q", group.Name), "h1")
	d := c.start("h1")
	info, err := os.Stat(d.socket)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o620 || info.Sys().(*syscall.Stat_t).Gid != uint32(os.Getgid()) {
		t.Errorf("mode %v, owner %+v", info.Mode(), info.Sys())
	}
	d.stop()
	c.cfg.Client.Group = "no such group"
	if err := Run(t.Context(), Options{Config: c.cfg, OpenLinks: c.board.Open}); err == nil || !strings.Contains(err.Error(), "client.group") {
		t.Errorf("unknown group: %v", err)
	}
}

// TestAllowGID: only processes of these groups.
func TestAllowGID(t *testing.T) {
	for gid, result := range map[int]frame.Result{os.Getgid(): frame.Accept, os.Getgid() + 1: frame.RejectAuth} {
		d := newCluster(t, fmt.Sprintf("allow_gid = [%d]", gid), "h1").start("h1")
		if result == frame.Accept {
			d.login("u")
			continue
		}
		c := d.dial()
		c.want("F7")
		c.wantEnd()
	}
}
