package sim

import (
	"net/netip"
	"time"

	"mpspread/groups"
	"mpspread/internal/engine"
	"mpspread/multipath"
	"mpspread/ring"
)

// ringCore is what a ringNode drives: a ring.Ring, of this build or of another
// (Peer). So that another build can stand in, it has no more methods than are
// called.
type ringCore interface {
	Receive(now time.Duration, from ring.Process, kind ring.Kind, payload []byte)
	Submit(now time.Duration, lane ring.Lane, service ring.Service, payload []byte) error
	Advance(now time.Duration)
	Deadline() time.Duration
	Sends() []ring.Send
	Deliveries() []ring.Delivery
	SetHearing(now time.Duration, list []ring.Hearing)
	SetPayloadSize(now time.Duration, n int)
	Beacon() []byte
	FastHello() bool
	Room(lane ring.Lane) bool
	Leave(now time.Duration)
	Status() ring.Status
	Sizes() ring.Sizes
}

// engineCore is what an engineNode drives: an engine.Engine of this build or
// of another.
type engineCore interface {
	Receive(now time.Duration, network multipath.NetworkID, from netip.AddrPort, data []byte)
	Advance(now time.Duration)
	Deadline() time.Duration
	Output() *engine.Output
	Open(now time.Duration, id groups.SessionID, name string, membership bool) (private string, err error)
	Join(now time.Duration, id groups.SessionID, group string) error
	Leave(now time.Duration, id groups.SessionID, group string) error
	Multicast(now time.Duration, id groups.SessionID, m *groups.Multicast) error
	Close(now time.Duration, id groups.SessionID) error
	SetPacketSize(now time.Duration, network multipath.NetworkID, size int)
	SetKeys(now time.Duration, keys []multipath.Key) error
	Suspend(now time.Duration, network multipath.NetworkID, suspended bool)
	Reverted() bool
	Stop(now time.Duration)
	Status(now time.Duration) engine.Status
	Sizes() engine.Sizes
}

// newRing makes the ring of a life of d.
func (w *World) newRing(d *daemon, c ring.Config) ringCore {
	if w.elsewhere(d) {
		return w.opt.Other.newRing(c)
	}
	return ring.New(c)
}

// newEngine makes the engine of a life of d, which draws from rand.
func (w *World) newEngine(d *daemon, c engine.Config, rand *prng) (engineCore, error) {
	if w.elsewhere(d) {
		return w.opt.Other.newEngine(c, rand)
	}
	return engine.New(c)
}

// elsewhere draws whether a life of a daemon is of the other build: a restart
// may be an upgrade, or one taken back.
func (w *World) elsewhere(d *daemon) bool {
	if w.opt.Other == nil {
		return false
	}
	r := stream(w.plan.Seed, "other build", d.at, int(d.life))
	return r.chance(500)
}
