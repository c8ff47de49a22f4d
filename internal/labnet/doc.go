// Package labnet makes parallel networks that can be broken: one network
// namespace per host, one for the switches, a bridge per network, a veth pair
// per host and network, a packet filter in each host's namespace, and a relay
// in user space that delays, reorders, repeats, damages and loses frames. It
// knows nothing of daemons; internal/lab and long counts put them in.
//
// Nothing of a Testbed touches the host's own network. It needs root, ip and
// nft, and no netem. Names carry the id of the process, so that processes do
// not disturb one another and what a dead one has left behind can be told
// (RemoveLeftovers).
//
// A Testbed belongs to one goroutine, but for what says otherwise. A Relay has
// goroutines of its own and may be used from any. On other systems than Linux
// there is only Prefix.
package labnet

// Prefix starts the name of every namespace and directory a lab makes; the
// process id and more follow after dashes.
const Prefix = "mpslab-"
