// Package ring orders messages over a token ring and agrees on its
// membership: Totem's single-ring protocol with the accelerated ring, and
// extended virtual synchrony across changes.
//
// It decides; it does nothing else. Time is an argument, packets and messages
// come in as bytes, and packets to send and deliveries come out:
//
//	r.Receive(now, from, kind, payload) // a packet arrived, once, authenticated
//	r.Submit(now, lane, service, data)  // a local client multicasts
//	r.SetHearing(now, peers)            // who hears whom changed
//	r.Advance(now)                      // time passed
//	r.Deadline()                        // when Advance is next needed
//	r.Sends(), r.Deliveries()           // what to do about it, in this order
//
// Which networks carry a packet, sealing, duplicates and the freshness of
// lives are package multipath's; what a payload means is package groups'.
// The rules are in docs/protocol.md; [T95] is Amir, Moser, Melliar-Smith,
// Agarwal, Ciarfella, "The Totem Single-Ring Ordering and Membership
// Protocol", TOCS 1995; [B16] is Babay, Amir, "Fast Total Ordering for Modern
// Data Centers", ICDCS 2016.
//
// A Ring belongs to one goroutine.
package ring
