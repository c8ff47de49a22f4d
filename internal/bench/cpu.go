package bench

import (
	"errors"
	"os"
	"slices"
	"time"
)

// errNoProcess: nothing tells which process a daemon is, or what it uses.
var errNoProcess = errors.New("bench: the daemon's process is not known here")

// usage is CPU time, of all cores.
type usage struct {
	daemons time.Duration
	self    time.Duration
}

// meter reads the CPU time of the daemons and of this process.
type meter struct {
	daemons []int // process ids, each once; nil: not known
}

// newMeter finds the daemons' processes. If one of them cannot be found none
// is measured: a sum over some daemons tells nothing.
func newMeter(addresses []string) meter {
	var m meter
	for _, a := range addresses {
		pid, err := daemonProcess(a)
		if err == nil {
			_, err = cpuTime(pid)
		}
		if err != nil {
			return meter{}
		}
		if !slices.Contains(m.daemons, pid) {
			m.daemons = append(m.daemons, pid)
		}
	}
	return m
}

// known tells whether the daemons are measured.
func (m meter) known() bool { return len(m.daemons) > 0 }

// read is what was used so far; 0 of what cannot be read any more.
func (m meter) read() usage {
	var u usage
	for _, pid := range m.daemons {
		used, err := cpuTime(pid)
		if err != nil {
			return usage{} // it has ended, and so does the run
		}
		u.daemons += used
	}
	u.self, _ = cpuTime(os.Getpid()) // not known here: 0
	return u
}

func (u usage) since(earlier usage) usage {
	return usage{daemons: u.daemons - earlier.daemons, self: u.self - earlier.self}
}
