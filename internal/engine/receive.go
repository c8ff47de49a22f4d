package engine

import (
	"bytes"
	"net/netip"

	"mpspread/multipath"
	"mpspread/ring"
)

// Receive takes one datagram that came from an address on a network. data may
// be decrypted in place and is not kept.
func (e *Engine) Receive(now Time, net multipath.NetworkID, from netip.AddrPort, data []byte) {
	e.begin()
	packet, ok := e.multipath.Receive(now, net, from, data)
	// Who is heard is told before the packet: a life that was proven by this
	// very datagram must be known to the ring when its first packet comes.
	e.tellHearings(now)
	if ok && packet.Kind > multipath.KindUpper {
		sender := ring.Process{
			Daemon:      ring.DaemonID(packet.From),
			Incarnation: ring.Incarnation(packet.Incarnation),
		}
		e.ring.Receive(now, sender, ring.Kind(packet.Kind-multipath.KindUpper), packet.Payload)
	}
	e.settle(now)
}

// Advance lets time pass. Input that has already arrived should be handed in
// first, so that no timer fires for what is only waiting in a socket.
func (e *Engine) Advance(now Time) {
	e.begin()
	e.multipath.Advance(now)
	e.tellHearings(now)
	e.ring.Advance(now)
	e.settle(now)
}

// SetPacketSize tells the largest datagram that the interface of a network
// takes, in bytes of UDP payload; 0 means that the network is down.
func (e *Engine) SetPacketSize(now Time, net multipath.NetworkID, size int) {
	e.begin()
	e.multipath.SetPacketSize(now, net, size)
	e.settle(now)
}

// Suspend takes a network out of use, but for probes and for what arrives on
// it, or into use again.
func (e *Engine) Suspend(now Time, net multipath.NetworkID, suspended bool) {
	e.begin()
	e.multipath.Suspend(now, net, suspended)
	e.settle(now)
}

// SetKeys takes a step of a rotation of the cluster's keys (SEC-7): see
// multipath.SetKeys, whose errors it returns.
func (e *Engine) SetKeys(now Time, keys []multipath.Key) error {
	e.begin()
	err := e.multipath.SetKeys(now, keys)
	e.settle(now)
	return err
}

// Reverted tells that this life cannot go on, because the machine was put back
// to an older state: the driver has to start again with a new incarnation
// (protocol rule 1).
func (e *Engine) Reverted() bool { return e.multipath.Reverted() }

// SetReceiveBudget tells the free receive buffer per network, in bytes of the
// kernel's true size.
func (e *Engine) SetReceiveBudget(now Time, bytes int) {
	e.begin()
	e.ring.SetReceiveBudget(now, bytes)
	e.settle(now)
}

// Answer replies to a command of Output.Commands; it is kept for the copies of
// the command that may still come.
func (e *Engine) Answer(now Time, id [16]byte, reply []byte) {
	e.begin()
	e.multipath.Answer(now, id, reply)
	e.settle(now)
}

// Stop leaves the ring politely: the others are told and need not wait for
// failure detection. What is submitted afterwards gets ring.ErrLeft.
func (e *Engine) Stop(now Time) {
	e.begin()
	e.stopped = true
	e.ring.Leave(now)
	e.settle(now)
}

// settle carries what each layer has decided to the next until none has
// anything left. Every round consumes output, and no layer answers its own
// output in the same call more than once, so it ends.
func (e *Engine) settle(now Time) {
	for {
		e.tellHearings(now)
		e.tellPayloadSize(now)
		sent := e.sendAll(now)
		delivered := e.deliverAll()
		given := e.submitAll(now)
		if !sent && !delivered && !given {
			break
		}
	}
	e.tellBeacon()
	e.tellAgreements(now)
	e.out.Events = append(e.out.Events, e.groups.Events()...)
	e.takeCommands()
}

// tellAgreements is for the trace.
func (e *Engine) tellAgreements(now Time) {
	for _, a := range e.groups.Agreements() {
		if e.agreed != nil {
			e.agreed(now, a)
		}
	}
}

// sendAll hands the ring's packets to the networks in order, and tells whether
// there were any. Payloads are valid only until the ring's next call, so they
// are sealed at once.
func (e *Engine) sendAll(now Time) bool {
	sends := e.ring.Sends()
	for i := range sends {
		s := &sends[i]
		kind := multipath.KindUpper + multipath.Kind(s.Kind)
		e.multipath.Send(now, kind, multipath.DaemonID(s.To), s.EveryNetwork, s.Payload)
	}
	return len(sends) > 0
}

// deliverAll hands the ring's ordered list to groups, and tells whether there
// was anything.
func (e *Engine) deliverAll() bool {
	deliveries := e.ring.Deliveries()
	for i := range deliveries {
		d := &deliveries[i]
		if d.Conf != nil {
			e.out.Conf = append(e.out.Conf, d.Conf)
		}
		e.groups.Deliver(*d)
	}
	return len(deliveries) > 0
}

// tellHearings tells the ring who is heard when that has changed.
func (e *Engine) tellHearings(now Time) {
	generation := e.multipath.HearingGeneration()
	if generation == e.hearingGeneration {
		return
	}
	e.hearingGeneration = generation
	clear(e.hearings)
	e.hearings = e.hearings[:0]
	for _, h := range e.multipath.Hearings() {
		e.hearings = append(e.hearings, ring.Hearing{
			Process: ring.Process{
				Daemon:      ring.DaemonID(h.Daemon),
				Incarnation: ring.Incarnation(h.Incarnation),
			},
			Mutual: h.Mutual,
			Beacon: h.Beacon,
		})
	}
	e.ring.SetHearing(now, e.hearings)
}

// tellPayloadSize tells the ring the largest packet that all usable networks
// take when that has changed.
func (e *Engine) tellPayloadSize(now Time) {
	if size := e.multipath.PayloadSize(); size != e.payloadSize {
		e.payloadSize = size
		e.ring.SetPayloadSize(now, size)
	}
}

// tellBeacon puts the ring's beacon into the hellos when it has changed.
func (e *Engine) tellBeacon() {
	beacon, fast := e.ring.Beacon(), e.ring.FastHello()
	if fast == e.fastHello && bytes.Equal(beacon, e.beacon) {
		return
	}
	e.beacon, e.fastHello = append(e.beacon[:0], beacon...), fast
	e.multipath.SetBeacon(e.beacon, fast)
}

// takeCommands turns monitor commands into output.
func (e *Engine) takeCommands() {
	for _, c := range e.multipath.Commands() {
		command := Command{ID: c.ID, From: c.From, Unsealed: c.Unsealed, Body: c.Body}
		if int(c.Network) < len(e.networks) {
			command.Network = e.networks[c.Network]
		}
		e.out.Commands = append(e.out.Commands, command)
	}
}
