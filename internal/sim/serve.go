package sim

import (
	"bufio"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"mpspread/groups"
	"mpspread/internal/engine"
	"mpspread/multipath"
	"mpspread/ring"
)

// Serve hosts cores of this build for a simulator of another, which calls them
// over r and w, until r ends.
func Serve(r io.Reader, w io.Writer) error {
	out := bufio.NewWriter(w)
	s := &server{in: gob.NewDecoder(bufio.NewReader(r)), out: gob.NewEncoder(out)}
	var hello peerGreeting
	if err := s.in.Decode(&hello); err != nil {
		return fmt.Errorf("sim: serve: %w", err)
	}
	if err := s.out.Encode(peerGreeting{peerVersion}); err != nil {
		return fmt.Errorf("sim: serve: %w", err)
	}
	for {
		if err := out.Flush(); err != nil {
			return fmt.Errorf("sim: serve: %w", err)
		}
		var c call
		if err := s.in.Decode(&c); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("sim: serve: %w", err)
		}
		if err := s.out.Encode(s.answer(&c)); err != nil {
			return fmt.Errorf("sim: serve: %w", err)
		}
	}
}

// server holds the cores of one run. A core is a ring or an engine.
type server struct {
	in    *gob.Decoder
	out   *gob.Encoder
	cores []core
	now   *answer // being made
}

type core struct {
	ring   *ring.Ring
	engine *engine.Engine
	rand   *prng
}

// answer carries a call out. A panic is an answer: the caller makes it a
// violation of RNG-6.
func (s *server) answer(c *call) (a *answer) {
	a = &answer{}
	s.now = a
	defer func() {
		if r := recover(); r != nil {
			a.Panic = fmt.Sprintf("in the other build: %v\n%s", r, debug.Stack())
		}
	}()
	switch c.Kind {
	case callReset:
		s.cores = nil
		return a
	case callNewRing:
		c.Ring.Trace = s.traceRing
		s.cores = append(s.cores, core{ring: ring.New(*c.Ring), rand: &prng{}})
		return a
	case callNewEngine:
		s.newEngine(c, a)
		return a
	}
	on := &s.cores[c.Core]
	if on.ring != nil {
		callRing(on.ring, c, a)
	} else {
		callEngine(on.engine, c, a)
	}
	a.Random = on.rand.s
	return a
}

func (s *server) newEngine(c *call, a *answer) {
	rand := &prng{s: c.Random}
	cfg := *c.Engine
	cfg.Multipath.Entropy, cfg.Multipath.Trace = rand, s.traceMultipath
	cfg.Ring.Trace, cfg.Agreed = s.traceRing, s.traceAgreed
	e, err := engine.New(cfg)
	a.Err, a.Random = errorText(err), rand.s
	s.cores = append(s.cores, core{engine: e, rand: rand})
}

func (s *server) traceRing(now time.Duration, e *ring.TraceEvent) {
	kept := *e
	kept.Message.Payload = append([]byte(nil), e.Message.Payload...)
	s.now.Traced = append(s.now.Traced, traced{Now: now, Ring: &kept})
}

func (s *server) traceMultipath(now time.Duration, e *multipath.TraceEvent) {
	kept := *e
	s.now.Traced = append(s.now.Traced, traced{Now: now, Multipath: &kept})
}

func (s *server) traceAgreed(now time.Duration, a groups.Agreement) {
	s.now.Traced = append(s.now.Traced, traced{Now: now, Agreed: &a})
}

func callRing(r *ring.Ring, c *call, a *answer) {
	switch c.Kind {
	case callReceive:
		r.Receive(c.Now, c.From, c.Packet, c.Data)
	case callAdvance:
		r.Advance(c.Now)
	case callDeadline:
		a.Deadline = r.Deadline()
	case callSubmit:
		a.Err = errorText(r.Submit(c.Now, c.Lane, c.Service, c.Data))
	case callSends:
		a.Sends = r.Sends()
	case callDeliveries:
		a.Deliveries = r.Deliveries()
	case callHearing:
		r.SetHearing(c.Now, c.Hearing)
	case callPayloadSize:
		r.SetPayloadSize(c.Now, c.Size)
	case callBeacon:
		a.Beacon = r.Beacon()
	case callFastHello:
		a.Yes = r.FastHello()
	case callRoom:
		a.Yes = r.Room(c.Lane)
	case callLeave:
		r.Leave(c.Now)
	case callStatus:
		s := r.Status()
		a.RingStatus = &s
	case callSizes:
		s := r.Sizes()
		a.RingSizes = &s
	default:
		a.Err = "sim: a ring has no such method"
	}
}

func callEngine(e *engine.Engine, c *call, a *answer) {
	var err error
	switch c.Kind {
	case callReceive:
		e.Receive(c.Now, c.Network, c.Address, c.Data)
	case callAdvance:
		e.Advance(c.Now)
	case callDeadline:
		a.Deadline = e.Deadline()
	case callOutput:
		a.Output = e.Output()
	case callOpen:
		a.Private, err = e.Open(c.Now, c.Session, c.Name, c.Membership)
	case callJoin:
		err = e.Join(c.Now, c.Session, c.Name)
	case callLeaveGroup:
		err = e.Leave(c.Now, c.Session, c.Name)
	case callMulticast:
		err = e.Multicast(c.Now, c.Session, c.Multicast)
	case callClose:
		err = e.Close(c.Now, c.Session)
	case callPacketSize:
		e.SetPacketSize(c.Now, c.Network, c.Size)
	case callSetKeys:
		err = e.SetKeys(c.Now, c.Keys)
	case callSuspend:
		e.Suspend(c.Now, c.Network, c.Yes)
	case callReverted:
		a.Yes = e.Reverted()
	case callLeave:
		e.Stop(c.Now)
	case callStatus:
		s := e.Status(c.Now)
		a.EngineStatus = &s
	case callSizes:
		s := e.Sizes()
		a.EngineSizes = &s
	default:
		err = errors.New("sim: an engine has no such method")
	}
	a.Err = errorText(err)
}
