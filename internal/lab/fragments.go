//go:build linux

package lab

import (
	"fmt"
	"strings"
	"testing"
)

// fragments looks in every namespace whether the kernel has made an IP
// fragment or put one together; empty if none (A1).
func (l *Lab) fragments(t testing.TB) string {
	var found []string
	for _, d := range l.Daemons {
		out := must(t, "", inside(d.namespace, "cat", "/proc/net/snmp", "/proc/net/snmp6")...)
		for name, value := range snmp(out, "Ip:") {
			switch name {
			case "FragCreates", "ReasmReqds", "Ip6FragCreates", "Ip6ReasmReqds":
				if value != "0" {
					found = append(found, fmt.Sprintf("%s: %s = %s", d.Name, name, value))
				}
			}
		}
	}
	return strings.Join(found, ", ")
}

// snmp reads both forms of the kernel's counters: a line of names above a line
// of values for IPv4, of which it keeps those of one protocol, and a name and a
// value on each line for IPv6.
func snmp(text, protocol string) map[string]string {
	values := map[string]string{}
	var names []string
	for _, line := range strings.Split(text, "\n") {
		f := strings.Fields(line)
		switch {
		case len(f) > 0 && f[0] == protocol && names == nil:
			names = f[1:]
		case len(f) > 0 && f[0] == protocol:
			for i, name := range names {
				if i+1 < len(f) {
					values[name] = f[i+1]
				}
			}
		case len(f) == 2 && !strings.HasSuffix(f[0], ":"):
			values[f[0]] = f[1]
		}
	}
	return values
}
