package daemon

import (
	"sync"
	"sync/atomic"
	"time"

	systemd "github.com/coreos/go-systemd/v22/daemon"
)

// notify tells the service manager, if there is one, how the daemon is. That
// it cannot be told is the manager's trouble.
func notify(state string) { _, _ = systemd.SdNotify(false, state) }

// watchdog tells the service manager that the loop is alive, as long as it is:
// a loop that is stuck is not fed for, and the daemon is restarted.
type watchdog struct {
	end  chan struct{}
	done sync.WaitGroup
}

// startWatchdog begins to feed the watchdog if the service manager wants it.
// alive is what the loop counts up each time it turns.
func startWatchdog(alive *atomic.Uint64) *watchdog {
	w := &watchdog{end: make(chan struct{})}
	interval, err := systemd.SdWatchdogEnabled(false)
	if err != nil || interval <= 0 {
		return w
	}
	w.done.Go(func() {
		ticker := time.NewTicker(interval / 3)
		defer ticker.Stop()
		for last := uint64(0); ; {
			select {
			case <-ticker.C:
			case <-w.end:
				return
			}
			if turns := alive.Load(); turns != last {
				last = turns
				notify(systemd.SdNotifyWatchdog)
			}
		}
	})
	return w
}

func (w *watchdog) stop() {
	close(w.end)
	w.done.Wait()
}
