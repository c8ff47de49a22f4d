// Package multipath carries packets between daemons over several parallel
// networks at once. It decides which networks carry a packet, seals and opens
// the envelope, drops second copies, tells lives of a daemon apart, and judges
// the health of every path. What a payload means is the business of the layer
// above; sockets are the business of the driver.
//
// The package is pure: time and datagrams come in as arguments, datagrams and
// packets go out as values, randomness comes from Config.Entropy. The same
// calls give the same output, bit for bit.
//
// One goroutine owns a Multipath, or an Operator. No method blocks. After any
// call the driver takes Datagrams and sends them before the next call.
package multipath
