// Package lab runs real daemons on real networks that it can break: one network
// namespace per daemon, one for the switches, a bridge per network, a veth pair
// per daemon and network. Nothing of it touches the host's own network. It
// needs root, ip and nft (Need).
//
// A Lab is made by New, breaks things by Fault values, which prove by packet
// counters that the path carried packets before and none during, and watches
// what clients (Load, Member) and the operator (Status, Ctl) see. It knows the
// programs from outside only: their files, sockets, output and exit codes. On
// other systems than Linux there is only Need.
//
// The functions of a Lab are for the goroutine of its test. Clients have
// goroutines of their own, which the Lab ends with the test.
package lab
