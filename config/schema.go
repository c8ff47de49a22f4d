package config

import "slices"

// The known keys of every table, in the order of spread.toml.example. A table
// is named by the path of keys to it; "" is the file itself.
var schema = map[string][]string{
	"": {
		"cluster", "port", "security", "key_file", "failure_detection", "policy",
		"max_skew", "reassembly_budget", "network", "daemon", "client", "monitor",
	},
	"network": {"name", "transport", "subnet", "group", "mtu", "offload", "dscp", "primary"},
	"daemon":  {"name", "address", "clients"},
	"client": {
		"sockets", "mode", "group", "allow_uid", "allow_gid", "access", "tls",
		"max_sessions", "max_sessions_per_uid", "max_groups", "max_groups_per_message",
		"max_message", "max_queue", "max_rate", "handshake_timeout",
	},
	"client.tls": {"certificate", "key", "ca"},
	"monitor":    {"socket", "metrics", "dangerous", "admins"},
}

// sections are the tables of schema in file order.
var sections = []string{"", "network", "daemon", "client", "client.tls", "monitor"}

// elsewhere returns the first table other than the given one that knows key.
func elsewhere(section, key string) (string, bool) {
	for _, s := range sections {
		if s != section && slices.Contains(schema[s], key) {
			return s, true
		}
	}
	return "", false
}
