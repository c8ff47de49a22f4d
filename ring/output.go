package ring

// Sends drains the packets to send, in order. They come before deliveries, so
// that a slow client never holds the token up.
func (r *Ring) Sends() []Send {
	s := r.sends
	r.sends = r.sends[:0]
	return s
}

// Deliveries drains what is to be handed up, in order.
func (r *Ring) Deliveries() []Delivery {
	d := r.deliveries
	r.deliveries = r.deliveries[:0]
	return d
}

func (r *Ring) send(kind Kind, to DaemonID, everyNetwork bool, payload []byte) {
	r.sends = append(r.sends, Send{Kind: kind, To: to, EveryNetwork: everyNetwork, Payload: payload})
}

// room returns an empty slice with space for n bytes that stay until the
// sends are drained.
func (r *Ring) room(n int) []byte {
	if cap(r.arena)-len(r.arena) < n {
		r.arena = make([]byte, 0, max(2*cap(r.arena), n, 4096))
	}
	at := len(r.arena)
	r.arena = r.arena[:at+n]
	return r.arena[at : at : at+n]
}

func (r *Ring) copied(b []byte) []byte { return append(r.room(len(b)), b...) }
