package admin

// The exit codes of spreadctl and spreadd (design 8).
const (
	ExitWell          = 0
	ExitFailure       = 1
	ExitUsage         = 2
	ExitUnreachable   = 3
	ExitRedundancy    = 4 // ring fine, but some pair has fewer live networks than it should
	ExitConfiguration = 5
)

// ExitCode is the exit code that a status deserves: ExitFailure while the
// daemon has no installed ring, ExitRedundancy if the ring is fine and
// redundancy is lost.
func ExitCode(s Status) int { return exitCode(s.State, s.RedundancyLost) }

// ExitCodeNetworks is ExitCode for the shorter document.
func ExitCodeNetworks(n Networks) int { return exitCode(n.State, n.RedundancyLost) }

func exitCode(state string, redundancyLost bool) int {
	switch {
	case state != StateOperational:
		return ExitFailure
	case redundancyLost:
		return ExitRedundancy
	}
	return ExitWell
}

// WorstExit joins the codes of several daemons' answers into one: a daemon
// that cannot be reached outweighs a failure, that lost redundancy, that all
// being well.
func WorstExit(codes ...int) int {
	rank := map[int]int{ExitWell: 0, ExitRedundancy: 1, ExitFailure: 2, ExitUnreachable: 3}
	worst := ExitWell
	for _, c := range codes {
		if rank[c] > rank[worst] {
			worst = c
		}
	}
	return worst
}
