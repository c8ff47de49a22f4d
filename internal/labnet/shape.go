//go:build linux

package labnet

import "fmt"

// Sizes of a shaped cable's queues, in bytes. The host's is as long as sockets
// let it become, so that senders wait for their own cable as they do for a
// real card; the switch's is that of a small switch, a few milliseconds at
// 1 Gb/s.
const (
	hostQueue   = 4 << 20
	switchQueue = 512 << 10
	shapeBurst  = 16 << 10
)

// Shape gives the cable between a host and a switch a rate in bits a second,
// both ways; 0 takes it away. Runs of segments that would cross a veth whole are
// cut at a shaped one, as a real card cuts them. It needs tc and the token
// bucket filter.
func (b *Testbed) Shape(host string, network int, rate uint64) error {
	for _, end := range []struct {
		ns, device string
		queue      int
	}{
		{b.Namespace(host), Interface(network), hostQueue},
		{b.names.switches(), port(host, network), switchQueue},
	} {
		args := []string{"tc", "-n", end.ns, "qdisc"}
		if rate == 0 {
			args = append(args, "del", "dev", end.device, "root")
		} else {
			args = append(args, "replace", "dev", end.device, "root", "tbf", "rate", fmt.Sprintf("%dbit", rate),
				"burst", fmt.Sprint(shapeBurst), "limit", fmt.Sprint(end.queue))
		}
		if _, err := tool("", args...); err != nil {
			return err
		}
	}
	return nil
}
