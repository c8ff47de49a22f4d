package ring

import "time"

// instance is one ring as this member takes part in it: the installed one, or
// the one being formed.
type instance struct {
	id      RingID
	members []member // in configuration order: the order of the ring
	self    int      // own position
	daemons set      // members by configuration index

	store     store
	delivered Seq // all up to here has been delivered (or skipped, in a transitional configuration)
	stable    Seq // all members have everything up to here
	reassembly

	// Token acceptance (RNG-3): the last one accepted.
	lastTSeq    uint64
	lastRetrans uint8
	// The token I sent last, for sending again, and what it said.
	sent        []byte
	sentRound   uint64
	forwardedAt Time // when it first went out
	sentAru     Seq
	holding     *token        // accepted and not yet sent: an idle representative's
	rest        time.Duration // the hold that the last token I saw announces
	idleRounds  int
	hurried     bool   // somebody wants the token: do not hold it
	backlogMine uint32 // bytes I added to the token's backlog at my last visit
	lastWindow  int    // in force at the last visit, for status and trace
	lastSize    int    // of packets, likewise

	lossAt      Time // the ring is lost unless there is evidence before
	resendAt    Time // my token is sent again unless there is evidence before
	resendDelay Time
	firstResend Time // how long evidence of it may take
	sentAt      Time // when my token last went out
	retried     int  // tokens in a row, all of the last ones, that were tried again
	wideUntil   Time // tokens go to all members until then
	hurryAt     Time // hurry is sent (again) then
	holdUntil   Time
	acceptedAt  Time

	flow
	lateness
	visits checkpoints
	reach  set // strangers that every member has marked in the last rotation
}

// member is one process in a ring.
type member struct {
	index   int // in the configuration
	process Process
	gather  uint64 // its Gather that led to this ring
	came    RingID // the regular configuration it was in before
}

func newInstance(id RingID, members []member, self int, cfg *Config) *instance {
	in := &instance{
		id: id, members: members, self: self,
		store:     newStore(cfg.StartSeq),
		delivered: cfg.StartSeq, stable: cfg.StartSeq, sentAru: cfg.StartSeq,
		lastTSeq:   cfg.StartTSeq,
		lossAt:     NoDeadline,
		resendAt:   NoDeadline,
		hurryAt:    NoDeadline,
		holdUntil:  NoDeadline,
		acceptedAt: -1,
	}
	for _, m := range members {
		in.daemons.add(m.index)
	}
	return in
}

func (in *instance) alone() bool          { return len(in.members) == 1 }
func (in *instance) representative() bool { return in.self == 0 }
func (in *instance) successor() member    { return in.members[(in.self+1)%len(in.members)] }
func (in *instance) predecessor() member {
	return in.members[(in.self+len(in.members)-1)%len(in.members)]
}

// position returns where a process stands in the ring, or -1.
func (in *instance) position(p Process) int {
	for i := range in.members {
		if in.members[i].process == p {
			return i
		}
	}
	return -1
}

// processes lists the members at some positions.
func (in *instance) processes(at set) []Process {
	var list []Process
	for i := at.lowest(); i >= 0; i = at.next(i + 1) {
		list = append(list, in.members[i].process)
	}
	return list
}

func (in *instance) deadline() Time {
	return earliest(in.lossAt, in.resendAt, in.hurryAt, in.holdUntil)
}

// stop turns the ring's timers off.
func (in *instance) stop() {
	in.lossAt, in.resendAt, in.hurryAt, in.holdUntil = NoDeadline, NoDeadline, NoDeadline, NoDeadline
	in.holding = nil
}
