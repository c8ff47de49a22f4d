package lab

import (
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"mpspread/internal/labnet"
)

// NoSkip names the environment variable that, when set, makes Need fail
// instead of skip: for runs that accept no skip.
const NoSkip = "MPSPREAD_NO_SKIP"

// Root asks Need for uid 0 and the right to make network namespaces.
const Root = "root"

var skips = struct {
	sync.Mutex
	reasons map[string]int
}{reasons: map[string]int{}}

// Need skips the test, counted and with the reason, unless everything it names
// is there: Root, or a program to be found by its name. With NoSkip set it
// fails the test instead.
func Need(t testing.TB, what ...string) {
	t.Helper()
	var missing []string
	for _, w := range what {
		if reason := lacks(w); reason != "" {
			missing = append(missing, reason)
		}
	}
	if len(missing) == 0 {
		return
	}
	reason := strings.Join(missing, ", ")
	if os.Getenv(NoSkip) != "" {
		t.Fatalf("needs: %s; %s is set: no skip", reason, NoSkip)
	}
	skips.Lock()
	skips.reasons[reason]++
	skips.Unlock()
	t.Skipf("needs: %s", reason)
}

// ReportSkips writes how many tests Need has skipped, by reason; nothing if
// none.
func ReportSkips(w io.Writer) {
	skips.Lock()
	defer skips.Unlock()
	for _, reason := range slices.Sorted(maps.Keys(skips.reasons)) {
		fmt.Fprintf(w, "lab: %d tests skipped, needing: %s\n", skips.reasons[reason], reason)
	}
}

// lacks returns why what is not there; empty if it is.
func lacks(what string) string {
	if what == Root {
		return lacksRoot()
	}
	if _, err := exec.LookPath(what); err != nil {
		return what
	}
	return ""
}

// lacksRoot also tries what uid 0 may not do in a container: one namespace is
// made and removed, once per process.
var lacksRoot = sync.OnceValue(func() string {
	if os.Geteuid() != 0 {
		return Root
	}
	name := fmt.Sprintf("%s%d-probe", labnet.Prefix, os.Getpid())
	if out, err := exec.Command("ip", "netns", "add", name).CombinedOutput(); err != nil {
		return fmt.Sprintf("network namespaces (%v: %s)", err, strings.TrimSpace(string(out)))
	}
	if out, err := exec.Command("ip", "netns", "del", name).CombinedOutput(); err != nil {
		return fmt.Sprintf("network namespaces (%v: %s)", err, strings.TrimSpace(string(out)))
	}
	return ""
})
