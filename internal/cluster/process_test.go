package cluster

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mpspread/internal/role"
)

// The processes that this test binary can be, by its first argument; those
// after it are configuration and name.
var roles = map[string]role.Role{
	"daemon": role.Daemon(RunDaemon),
	"obedient": func([]string) error {
		fmt.Println(lineReady)
		_, err := io.Copy(os.Stdout, os.Stdin)
		return err
	},
	"talker":  func([]string) error { fmt.Println("hello"); return nil },
	"failing": role.Fails,
	"deaf":    func([]string) error { fmt.Println(lineReady); time.Sleep(time.Minute); return nil },
	// holder is alive as long as its connection to the socket "alive" beside
	// the configuration.
	"holder": func(args []string) error {
		if _, err := net.Dial("unix", filepath.Join(filepath.Dir(args[0]), "alive")); err != nil {
			return err
		}
		fmt.Println(lineReady)
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	},
	// parent starts a holder and waits to be killed.
	"parent": func(args []string) error {
		c := &Cluster{dir: args[0]}
		p, err := startProcess(append(role.As("holder"), c.ConfigFile(), Daemons[0]), c.log(Daemons[0]), Daemons[0])
		if err != nil {
			return err
		}
		if err := p.expect(lineReady, startTimeout); err != nil {
			return err
		}
		fmt.Println(lineReady)
		time.Sleep(time.Minute)
		return nil
	},
}

func TestMain(m *testing.M) { role.Main(m, roles) }

// directory is a cluster without a configuration.
func directory(t *testing.T) *Cluster {
	t.Helper()
	c := &Cluster{dir: t.TempDir()}
	if err := os.Mkdir(filepath.Join(c.dir, "log"), 0o700); err != nil {
		t.Fatal(err)
	}
	return c
}

func start(t *testing.T, c *Cluster, as string) *process {
	t.Helper()
	p, err := startProcess(append(role.As(as), c.ConfigFile(), Daemons[0]), c.log(Daemons[0]), Daemons[0])
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestProcessObeysAndEnds(t *testing.T) {
	p := start(t, directory(t), "obedient")
	if err := p.expect(lineReady, startTimeout); err != nil {
		t.Error(err)
	}
	if err := p.command("cut B"); err != nil {
		t.Error(err)
	}
	if err := p.stop(stopTimeout); err != nil {
		t.Error(err)
	}
}

func TestProcessFailures(t *testing.T) {
	for _, c := range []struct {
		role, wait, stop string
		limit            time.Duration
	}{
		{"talker", `said "hello" instead of "ready"`, "", startTimeout},
		{"failing", "ended: exit status 1", "ended: exit status 1", startTimeout},
		{"deaf", "", "did not end within", 100 * time.Millisecond},
	} {
		t.Run(c.role, func(t *testing.T) {
			cluster := directory(t)
			p := start(t, cluster, c.role)
			if err := p.expect(lineReady, startTimeout); !says(err, c.wait) {
				t.Errorf("waiting: %v, want %q", err, c.wait)
			}
			if err := p.stop(c.limit); !says(err, c.stop) {
				t.Errorf("stopping: %v, want %q", err, c.stop)
			}
			if c.role == "failing" {
				log, err := os.ReadFile(cluster.log(Daemons[0]))
				if err != nil || string(log) != "cannot\n" {
					t.Errorf("log %q, %v", log, err)
				}
			}
		})
	}
}

func says(err error, text string) bool {
	if text == "" {
		return err == nil
	}
	return err != nil && strings.Contains(err.Error(), text)
}

// A daemon must not outlive a demonstration that was killed.
func TestProcessEndsWithItsParent(t *testing.T) {
	c := directory(t)
	l, err := net.Listen("unix", filepath.Join(c.dir, "alive"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	parent := exec.Command(role.As("parent")[0], "parent", c.dir)
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	ready := bufio.NewScanner(out)
	if !ready.Scan() || ready.Text() != lineReady {
		t.Errorf("parent said %q", ready.Text())
	}
	holder, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Close() }()
	if err := parent.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = parent.Wait()
	_ = holder.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := holder.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the daemon process outlived its parent: %v", err)
	}
}
