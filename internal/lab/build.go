//go:build linux

package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"mpspread/internal/labnet"
)

// programs are the paths of the programs built for this test process.
type programs struct {
	dir                string
	spreadd, spreadctl string
	err                error
}

var built struct {
	sync.Mutex
	done bool
	programs
}

// build builds spreadd and spreadctl, static, once per process.
func build() programs {
	built.Lock()
	defer built.Unlock()
	if !built.done {
		built.programs = compile()
		built.done = true
	}
	return built.programs
}

func compile() programs {
	dir, err := os.MkdirTemp("", fmt.Sprintf("%s%d-bin-", labnet.Prefix, os.Getpid()))
	if err != nil {
		return programs{err: err}
	}
	p := programs{dir: dir, spreadd: filepath.Join(dir, "spreadd"), spreadctl: filepath.Join(dir, "spreadctl")}
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", dir+"/", "./cmd/spreadd", "./cmd/spreadctl")
	cmd.Dir = moduleRoot()
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		p.err = fmt.Errorf("lab: building the programs: %w\n%s", err, out)
	}
	return p
}

// RemovePrograms removes the programs built for this process; for TestMain.
func RemovePrograms() {
	built.Lock()
	defer built.Unlock()
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
	built.done = false
}

// moduleRoot is two directories above this file.
func moduleRoot() string {
	_, file, _, ok := runtime.Caller(0)
	if !ok || !strings.HasSuffix(filepath.Dir(file), filepath.Join("internal", "lab")) {
		panic("lab: cannot tell where the module is: " + file)
	}
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}
