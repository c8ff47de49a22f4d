package ring

// deliverOrdered hands up, in order, what may be: everything up to the first
// gap, and up to the first safe packet that is not yet known to be everywhere
// (GAP-1, SAFE-2).
func (r *Ring) deliverOrdered(now Time, in *instance) {
	before := in.delivered
	bytes := 0
	for in.delivered < in.store.aru {
		packet := in.store.at(in.delivered + 1).buf
		if packet[offsetOrigin+1]&flagSafe != 0 && in.delivered+1 > in.stable {
			break
		}
		in.delivered++
		bytes += cost(len(packet))
		r.deliverPacket(now, in, packet)
	}
	if in.delivered > before {
		in.deliveredBytes(now, bytes)
	}
}

// deliverPacket hands up the messages that end in a packet.
func (r *Ring) deliverPacket(now Time, in *instance, packet []byte) {
	h, rest, _ := parseHeader(packet)
	index := 0
	for len(rest) > 0 {
		var c chunk
		c, rest, _ = nextChunk(rest)
		payload, whole := c.data, true
		if c.fragment {
			payload, whole = r.reassemble(in, &h, &c)
		}
		if !c.last() {
			continue
		}
		if whole {
			r.deliver(now, Delivery{
				Sender: in.members[h.origin].process, Counter: h.counter + uint64(index) + 1, Service: c.service,
				Ring: in.id, Seq: h.seq, Index: index, Payload: payload,
			})
		}
		index++
	}
}

// reassemble adds a fragment and tells whether it completes its message.
func (r *Ring) reassemble(in *instance, h *header, c *chunk) (message []byte, whole bool) {
	message, abandoned := in.reassembly.add(h.origin, c, longestMessage+len(in.members)*largeMessage)
	if abandoned {
		r.n.ReassemblyAbandoned++
	}
	if message != nil && h.origin == in.self && len(message) > largeMessage {
		r.largeDone += len(message)
	}
	return message, message != nil
}

func (r *Ring) deliver(now Time, d Delivery) {
	r.n.MessagesDelivered++
	if r.cfg.Trace != nil {
		r.trace(now, &TraceEvent{Kind: TraceDeliver, Ring: d.Ring, Seq: d.Seq, Conf: r.conf, Message: d})
	}
	r.deliveries = append(r.deliveries, d)
}

// configure hands up a configuration.
func (r *Ring) configure(now Time, c *Configuration) {
	r.conf = c
	if c.Kind == Regular && !c.Old.IsZero() {
		r.n.MembershipChanges++
	}
	if r.cfg.Trace != nil {
		r.trace(now, &TraceEvent{Kind: TraceConf, Ring: c.New, Conf: c})
	}
	r.deliveries = append(r.deliveries, Delivery{Conf: c})
}
