// Package groups decides who is in which named group, and who receives what,
// from the ring's ordered deliveries alone.
//
// Joins, leaves, disconnects and messages are payloads in the ring's one total
// order. Every daemon applies them at the same place to the same table, so all
// members of a group see the same memberships, with the same ids, between the
// same messages. When daemons come together their tables are exchanged, in
// pieces, complete or not at all (see exchange.go).
//
// What sessions are, how they speak and how much may wait for them is the
// business of the driver; how payloads get into order is the ring's.
//
// The package is pure: it has no clock, socket, goroutine, lock or log, and
// the same calls give the same output. One goroutine owns a Groups.
package groups
