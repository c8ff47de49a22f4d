package sim

// FaultKind names a fault (correctness reference, section 4).
type FaultKind string

// The faults of networks. From and To are daemons by position, -1: all;
// Network -1: all. Where several faults of one kind concern one link, the worse
// of each of their arguments is in force.
const (
	Loss      FaultKind = "loss"      // N1: Rate thousandths of packets
	Burst     FaultKind = "burst"     // N2: with Rate thousandths, the next 1 to Count packets
	Tail      FaultKind = "tail"      // N2: of what is sent at one instant only the first Count packets get through, with Rate thousandths
	Duplicate FaultKind = "duplicate" // N3: Rate thousandths come 1 to Count times more, up to Delay later
	Reorder   FaultKind = "reorder"   // N4: Rate thousandths are overtaken: by up to Count packets; with Count 0, late by up to Delay
	Jitter    FaultKind = "jitter"    // N5: each packet takes up to Delay longer; none overtakes another
	Late      FaultKind = "late"      // N6: Delay more on a network
	Drift     FaultKind = "drift"     // N6: more and more, Delay at the end
	Ghost     FaultKind = "ghost"     // N7: Rate thousandths are recorded and come again Delay later, Count networks further
	Stale     FaultKind = "stale"     // N7: From's next token comes again when Count later ones have been accepted where it went
	Cut       FaultKind = "cut"       // N8, N10: nothing from From to To
	Crossed   FaultKind = "crossed"   // N9: From to To only on network 0, back only on network 1
	Mute      FaultKind = "mute"      // N11: From sends nothing
	Deaf      FaultKind = "deaf"      // N11: To receives nothing
	Flap      FaultKind = "flap"      // N12: cut and whole in turn, each for Delay; with Count 1 the networks take turns
	Large     FaultKind = "large"     // N13, N14 without report: of packets above Count bytes Rate thousandths are lost, the others Delay late
	Limit     FaultKind = "limit"     // N15: a packet each Delay, of at most Count waiting; From -1: what a receiver takes on a network in all
	Corrupt   FaultKind = "corrupt"   // N16: Rate thousandths arrive with other bytes (engine mode)
	Stray     FaultKind = "stray"     // Rate thousandths of tokens carry a request for what their receiver has discarded (ring mode)
	Partition FaultKind = "partition" // N17: Groups, one label a daemon
	Address   FaultKind = "address"   // N18: From's packets come from an address of nobody, or of daemon Count-1 (engine mode)
	Astray    FaultKind = "astray"    // N18: Rate thousandths of the packets on a link arrive at daemon Count-1 as well
	Recall    FaultKind = "recall"    // N7: some of From's packets come again when it has sent Count later ones (engine mode)
)

// The faults of processes and their machines.
const (
	Crash  FaultKind = "crash"  // P1, P2: From dies after Count more packets; restarts after For
	Leave  FaultKind = "leave"  // From leaves politely; restarts after For
	Pause  FaultKind = "pause"  // P3: From stands still; Count packets of its queue survive
	Slow   FaultKind = "slow"   // P5, R2: From takes Delay for each packet, and has room for Count
	Wall   FaultKind = "wall"   // T1: From's wall clock jumps by Delay, which may be negative
	Skew   FaultKind = "skew"   // T2: From's clock runs at Rate thousandths of the true rate, 500 to 2000
	Timers FaultKind = "timers" // T3: From's timers take up to Count times as long
	Down   FaultKind = "down"   // R1: From's interface on Network is down, and it knows
	Shrink FaultKind = "shrink" // N14 with report: From's interface on Network takes payloads of Count bytes at most
	Errors FaultKind = "errors" // R1: with Rate thousandths, From's next 1 to Count sends on Network are refused
	// Lie is the fault of a member that has the cluster's key and says what it
	// should not, in Rate thousandths of its packets (in engine mode the plan
	// must be in plaintext). Of a run with it only RNG-6 is judged: nobody can
	// keep the other promises with such a member, but it must not be able to
	// end a process (SEC-9).
	Lie FaultKind = "lie"
)

// The faults of those who run the cluster, all in engine mode but for a wrong
// hash.
const (
	Revert  FaultKind = "revert"  // P4: From's machine is put back to where it was Delay before, and goes on
	Twin    FaultKind = "twin"    // P7: a second machine with From's name, key and addresses
	Wrong   FaultKind = "wrong"   // P7: From restarts with another configuration, Count: a Mistake
	Suspend FaultKind = "suspend" // R8: at From the operator takes Network out of use
	Rotate  FaultKind = "rotate"  // R9: the cluster's key is rotated, a step each Delay, with From, if not -1, a step behind
)

// Mistake is what is wrong with a daemon's configuration.
type Mistake int

// The mistakes.
const (
	WrongHash    Mistake = iota + 1 // other networks or daemons, as the hash tells
	WrongVersion                    // software with another wire version
	WrongKey                        // another secret under the same key id
	RemovedKey                      // a key that has been rotated away
)

// need is what a fault of a kind cannot do without.
type need uint8

const (
	needFrom    need = 1 << iota // one daemon in From
	needTo                       // one daemon in To
	needNetwork                  // one network
	needSecond                   // a second network in the plan
	needDelay                    // at least a millisecond
	needCount                    // at least 1
	needGroups                   // a label for each daemon
)

// faultKinds lists all kinds; the generator goes through them in this order.
var faultKinds = []struct {
	kind  FaultKind
	needs need
}{
	{Loss, 0}, {Burst, 0}, {Tail, 0}, {Duplicate, 0}, {Reorder, 0}, {Jitter, 0}, {Late, 0}, {Drift, 0}, {Ghost, 0},
	{Stale, needFrom | needCount}, {Cut, 0}, {Crossed, needFrom | needTo | needSecond}, {Mute, needFrom}, {Deaf, needTo},
	{Flap, needDelay}, {Large, needCount}, {Limit, needCount}, {Corrupt, 0}, {Partition, needGroups}, {Address, needFrom},
	{Crash, needFrom}, {Leave, needFrom}, {Pause, needFrom}, {Slow, needFrom | needCount}, {Wall, needFrom}, {Skew, needFrom},
	{Timers, needFrom | needCount}, {Down, needFrom | needNetwork}, {Shrink, needFrom | needNetwork}, {Errors, needFrom},
	{Stray, 0}, {Astray, needCount}, {Recall, needFrom | needCount}, {Lie, needFrom},
	{Revert, needFrom | needDelay}, {Twin, needFrom}, {Wrong, needFrom | needCount}, {Suspend, needFrom | needNetwork}, {Rotate, needDelay},
}

// needsOf tells what a kind needs, and whether there is such a kind.
func needsOf(kind FaultKind) (need, bool) {
	for i := range faultKinds {
		if faultKinds[i].kind == kind {
			return faultKinds[i].needs, true
		}
	}
	return 0, false
}

// takesPaths tells whether a fault of a kind only cuts links: while they leave
// every pair a path, nothing may happen to the ring (MPX-5).
func (k FaultKind) takesPaths() bool {
	switch k {
	case Cut, Crossed, Mute, Deaf, Partition, Down:
		return true
	}
	return false
}
