package daemon

import (
	"os"
	"syscall"
	"testing"

	"mpspread/client/frame"
)

// TestDescriptorsExhausted is SCN-30: the process has no descriptors left when a
// client connects. Sessions that are there go on, the failure is logged once,
// and the client is served as soon as there is a descriptor.
func TestDescriptorsExhausted(t *testing.T) {
	d := newCluster(t, "", "alpha").start("alpha")
	u := d.login("u")
	u.join("#u#alpha", "g")
	u.members(1)

	// The client's own socket, while there are descriptors.
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	give := exhaust(t)
	if err := syscall.Connect(fd, &syscall.SockaddrUnix{Name: d.socket}); err != nil {
		give()
		t.Fatal(err)
	}
	d.logged("accepting clients")
	for range 50 {
		u.write(frame.AppendMessage(nil, frame.Safe, "#u#alpha", frame.NewHint(0), []string{"g"}, []byte("still here")))
		if e, _ := u.event(); string(e.Data) != "still here" {
			t.Errorf("got %+v", e)
		}
	}
	if n := d.logs.FilterMessage("accepting clients").Len(); n != 1 {
		t.Errorf("%d lines for one episode", n)
	}
	give()

	late := os.NewFile(uintptr(fd), "late client")
	defer late.Close()
	if _, err := late.Write(frame.AppendHello(nil, frame.Hello{Version: frame.DaemonVersion, Name: "late"})); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 6)
	if _, err := late.Read(answer); err != nil || string(answer) != "\x05NULL " {
		t.Errorf("the client that had to wait: %q, %v", answer, err)
	}
}

// exhaust takes all descriptors the process may have, and returns what gives
// them back.
func exhaust(t *testing.T) (give func()) {
	t.Helper()
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	probe, err := syscall.Open("/dev/null", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	// A few above the highest in use, so that few are to be filled.
	few := syscall.Rlimit{Cur: uint64(probe) + 32, Max: was.Max}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	taken := []int{probe}
	for {
		fd, err := syscall.Open("/dev/null", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		if err != nil {
			break
		}
		taken = append(taken, fd)
	}
	given := false
	give = func() {
		if given {
			return
		}
		given = true
		for _, fd := range taken {
			_ = syscall.Close(fd)
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(give)
	return give
}
