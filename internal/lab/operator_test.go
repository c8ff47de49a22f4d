//go:build linux

package lab

import (
	"encoding/json"
	"testing"
	"time"

	"mpspread/internal/labnet"
)

// With network A silently dead a command still goes over B, with the exit code
// for lost redundancy; over A it ends with "unreachable" within 5 s.
func TestCommandOverOneNetwork(t *testing.T) {
	l := NewRing(t, Options{})
	l.AwaitWell(t, formWithin)
	if r := l.Remote("h1", "--network", "A", "--daemon", "h2", "status", "--json"); r.Code != ExitWell {
		t.Fatalf("before the cut: %v", r)
	}
	l.During(t, l.Silent("A"), func() {
		l.awaitDead(t, l.bed.Paths(labnet.On("A")))
		r := l.Remote("h1", "--network", "B", "--daemon", "h2", "status", "--json")
		var s Status
		if err := json.Unmarshal([]byte(r.Stdout), &s); err != nil || s.Daemon != "h2" || s.Version != 1 {
			t.Errorf("over B: daemon %q, version %d, %v\n%v", s.Daemon, s.Version, err, r)
		}
		if r.Code != ExitRedundancy {
			t.Errorf("over B: exit code %d, want %d\n%v", r.Code, ExitRedundancy, r)
		}
		began := time.Now()
		r = l.Remote("h1", "--network", "A", "--daemon", "h2", "status", "--json")
		if r.Code != ExitUnreachable {
			t.Errorf("over A: want exit code %d\n%v", ExitUnreachable, r)
		}
		l.wantWithin(t, 5*time.Second, "the answer over A", began, r.Took)
	})
}
