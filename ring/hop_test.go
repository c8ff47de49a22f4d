package ring

import (
	"slices"
	"testing"
	"time"
)

// S4: the predecessor's token, tried again, makes mine go out again only if that
// may have been lost: not at the heels of the token itself, or it would follow
// it round for ever, and not once it is known to have gone on. It does not put
// off the member's own timer.
func TestAgainOnlyIfMineMayBeLost(t *testing.T) {
	r, in := turningRing(3, 1)
	in.smoothed = 2 * time.Millisecond // so that evidence takes up to 4
	tok := token{ring: in.id, arq: 1, tseq: 1, setter: nobody}
	again := func(now Time, retrans uint8) int {
		tok.retrans = retrans
		r.Receive(now, in.predecessor().process, KindToken, tok.append(nil))
		return len(r.Sends())
	}
	if n := again(0, 0); n != 1 {
		t.Fatalf("the token went on in %d packets", n)
	}
	due := in.resendAt
	for i, test := range []struct {
		at      Time
		retrans uint8
		want    int
	}{
		{100 * time.Microsecond, 1, 0}, // at its heels
		{3 * time.Millisecond, 2, 0},
		{4 * time.Millisecond, 3, 1}, // evidence would be here by now
		{5 * time.Millisecond, 4, 0},
		{8 * time.Millisecond, 4, 0}, // a copy
		{8 * time.Millisecond, 5, 1},
	} {
		if n := again(test.at, test.retrans); n != test.want {
			t.Errorf("%d: at %v sent %d times, want %d", i, test.at, n, test.want)
		}
	}
	if in.resendAt != due {
		t.Errorf("own timer was put off from %v to %v", due, in.resendAt)
	}
	r.evidence(9*time.Millisecond, in, &header{ring: in.id, round: 1, origin: 2})
	if n := again(20*time.Millisecond, 6); n != 0 {
		t.Errorf("sent %d times although it has gone on", n)
	}
}

// What one member does not get goes to all when it is tried again: it may be
// impossible to send to that member alone.
func TestTriedAgainToAll(t *testing.T) {
	r, in := turningRing(3, 1)
	r.forward(0, in, &token{ring: in.id, tseq: 5, setter: nobody})
	r.resendToken(0, in)
	r.formation = &formation{ring: in}
	r.forwardCommit(0, collectRound)
	r.resendCommit(0)
	in.hold(1)
	for attempt := range uint8(3) {
		in.store.at(1).wasSent = false
		r.answer(0, in, &token{seq: 1, requests: []request{{asker: 2, of: ofThisRing, attempt: attempt, first: 1, count: 1}}}, ofThisRing, 1, 1<<20)
	}
	if have, want := sentTo(r), []DaemonID{3, 0, 3, 0, 3, 0, 0}; !slices.Equal(have, want) {
		t.Errorf("sent to %v, want %v", have, want)
	}
}

func sentTo(r *Ring) (to []DaemonID) {
	for _, s := range r.Sends() {
		to = append(to, s.To)
	}
	return to
}

// When one token after the other arrives at the second try only, the next ones
// go to all at once, for as long as a host takes to ask for an address again.
// One that was lost by chance changes nothing.
func TestTokensToAllAfterRetries(t *testing.T) {
	r, in := turningRing(3, 1)
	now := Time(0)
	var to []DaemonID
	pass := func(lost bool) {
		r.forward(now, in, &token{ring: in.id, tseq: 5, setter: nobody})
		to = append(to, sentTo(r)...)
		if lost {
			r.resendToken(now, in)
			r.Sends()
		}
		now += 10 * time.Millisecond
	}
	for _, lost := range []bool{false, true, false, true, true, false} {
		pass(lost)
	}
	now += addressAgain - 20*time.Millisecond
	pass(true) // still to all
	now += addressAgain
	pass(true)
	pass(false)
	if want := []DaemonID{3, 3, 3, 3, 3, 0, 0, 3, 3}; !slices.Equal(to, want) {
		t.Errorf("sent to %v, want %v", to, want)
	}
}
