package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asProgram in the environment makes the test binary the program.
const asProgram = "SPREADD_TEST_AS_PROGRAM"

// process is a spreadd that runs.
type process struct {
	*exec.Cmd
	stderr bytes.Buffer
}

// spreadd starts the program and, if it is to come up, waits until it has.
func spreadd(t *testing.T, file string, up bool) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(os.Args[0], "-c", file)}
	p.Env = append(os.Environ(), asProgram+"=yes")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.Cmd.Stderr = w
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	t.Cleanup(func() { _ = p.Process.Kill(); _ = r.Close() })
	_ = r.SetReadDeadline(time.Now().Add(20 * time.Second))
	for lines := bufio.NewScanner(r); lines.Scan(); {
		p.stderr.Write(append(lines.Bytes(), '\n'))
		if up && strings.Contains(lines.Text(), `"daemon started"`) {
			_ = r.Close() // nobody reads what it writes from now on
			return p
		}
	}
	if up {
		t.Fatalf("it does not come up: %s", &p.stderr)
	}
	return p
}

// end waits for the end and returns the exit code; -1 after a signal.
func (p *process) end() int {
	_ = p.Wait()
	return p.ProcessState.ExitCode()
}

// TestProcess is the life of the program: a clean stop, whatever signals come
// twice and with nobody reading its log, leaves no socket; after a violent end
// the next one replaces what is left; and two do not run in one place.
func TestProcess(t *testing.T) {
	free, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	port := free.LocalAddr().(*net.UDPAddr).Port
	_ = free.Close()
	dir, err := os.MkdirTemp("", "spreadd") // t.TempDir is too long for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	file := filepath.Join(dir, "spread.toml")
	text := fmt.Sprintf("port = %d\n[[network]]\nname = \"A\"\n[[daemon]]\nname = \"h\"\naddress.A = \"127.0.0.1\"\n"+
		"[client]\nsockets = [%q]\n[monitor]\nsocket = %q\n", port, filepath.Join(dir, "clients"), filepath.Join(dir, "admin"))
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	sockets := func(want bool) {
		t.Helper()
		for _, name := range []string{"clients", "admin"} {
			if _, err := os.Lstat(filepath.Join(dir, name)); (err == nil) != want || err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("socket %s: %v, is to be there: %v", name, err, want)
			}
		}
	}

	p := spreadd(t, file, true)
	sockets(true)
	second := spreadd(t, file, false)
	if code := second.end(); code != exitFailure || !strings.Contains(second.stderr.String(), "another daemon is listening there") {
		t.Errorf("a second one: exit %d, %s", code, &second.stderr)
	}
	sockets(true)
	for range 2 {
		_ = p.Process.Signal(syscall.SIGTERM)
	}
	_ = p.Process.Signal(os.Interrupt)
	if code := p.end(); code != exitOK {
		t.Errorf("exit %d, %v", code, p.ProcessState)
	}
	sockets(false)

	p = spreadd(t, file, true)
	_ = p.Process.Kill()
	p.end()
	sockets(true)
	p = spreadd(t, file, true)
	_ = p.Process.Signal(os.Interrupt)
	if code := p.end(); code != exitOK {
		t.Errorf("after a violent end: exit %d, %v", code, p.ProcessState)
	}
	sockets(false)
}
