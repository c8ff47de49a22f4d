package check

import "mpspread/internal/trace"

// visited is a visit of p's token with some sizes.
func visited(sizes trace.Sizes) func() *script {
	return func() *script {
		s := two()
		s.add(trace.Event{Kind: trace.Visit, Process: p, Ring: id(10, p), TSeq: 1, Sizes: &sizes})
		return s
	}
}

var goodFlow = []run{
	{"all that may be", RNG8, visited(trace.Sizes{Window: 100, Used: 120, Own: 1, Packet: 20, Gap: 8, Held: 8, Room: 8, Begun: 9, Budget: 9})},
	{"more, but by others", RNG8, visited(trace.Sizes{Window: 100, Used: 500, Packet: 20})},
}

var badFlow = []run{
	{"more than the window", RNG8, visited(trace.Sizes{Window: 100, Used: 121, Own: 1, Packet: 20})},
	{"the stable mark too far behind", RNG8, visited(trace.Sizes{Gap: 9, Room: 8})},
	{"too many packets kept", RNG8, visited(trace.Sizes{Held: 9, Room: 8})},
	{"too many bytes kept", RNG8, visited(trace.Sizes{Begun: 10, Budget: 9})},
}
