package deptest

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// listed returns all packages of the module and all they depend on, by path.
func listed(t *testing.T) map[string]Package {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-deps", "-json=ImportPath,Dir,GoFiles,Imports,Standard", Module+"/...")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.Bytes())
	}
	packages := map[string]Package{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p Package
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages[p.ImportPath] = p
	}
}

func inside(p Package) bool { return strings.HasPrefix(p.ImportPath, Module+"/") }

// The arrows of design 2.
func TestImportsPointOneWay(t *testing.T) {
	packages := listed(t)
	edges := 0
	for _, p := range packages {
		if !inside(p) {
			continue
		}
		for _, to := range p.Imports {
			edges++
			if why := Edge(p.ImportPath, to); why != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, to, why)
			}
		}
	}
	if edges == 0 {
		t.Fatal("go list told of no import at all")
	}
}

// A pure package must not reach an impure one of this module by any way.
func TestPureReachesPureOnly(t *testing.T) {
	packages := listed(t)
	for _, name := range Pure {
		seen := map[string]bool{}
		var walk func(p string)
		walk = func(p string) {
			if seen[p] {
				return
			}
			seen[p] = true
			if inside(packages[p]) && !IsPure(p) {
				t.Errorf("%s reaches %s", name, p)
			}
			for _, to := range packages[p].Imports {
				walk(to)
			}
		}
		if _, ok := packages[Module+"/"+name]; !ok {
			t.Errorf("no package %s", name)
		}
		walk(Module + "/" + name)
	}
}

// No clock, goroutine, channel or global random number in the pure packages,
// whatever the operating system.
func TestPureSource(t *testing.T) {
	packages := listed(t)
	for _, name := range Pure {
		files, err := filepath.Glob(filepath.Join(packages[Module+"/"+name].Dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no source found: %v", name, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, file, nil, 0)
			if err != nil {
				t.Errorf("%v", err)
				continue
			}
			for _, what := range Source(fset, f) {
				t.Error(what)
			}
			for _, s := range f.Imports {
				to := strings.Trim(s.Path.Value, `"`)
				if why := Edge(Module+"/"+name, to); why != "" {
					t.Errorf("%s imports %s: %s", file, to, why)
				}
			}
		}
	}
}

func TestEdge(t *testing.T) {
	tests := []struct {
		name, from, to string
		allowed        bool
	}{
		{"downwards", "mpspread/groups", "mpspread/ring", true},
		{"upwards", "mpspread/ring", "mpspread/groups", false},
		{"sideways", "mpspread/ring", "mpspread/multipath", false},
		{"core knows no file", "mpspread/internal/engine", "mpspread/config", false},
		{"daemon drives the engine", "mpspread/daemon", "mpspread/internal/engine", true},
		{"daemon knows no client library", "mpspread/daemon", "mpspread/client", false},
		{"daemon knows the frames", "mpspread/daemon", "mpspread/client/frame", true},
		{"data link alone", "mpspread/datalink", "mpspread/ring", false},
		{"twin of the data link", "mpspread/datalink/datalinktest", "mpspread/datalink", true},
		{"client is light", "mpspread/client", "mpspread/daemon", false},
		{"nobody imports commands", "mpspread/internal/demo", "mpspread/cmd/spreadd", false},
		{"sealed commands", "mpspread/cmd/spreadctl", "mpspread/multipath", true},
		{"simulator without sockets", "mpspread/internal/sim", "mpspread/datalink", false},
		{"duration", "mpspread/ring", "time", true},
		{"addresses", "mpspread/multipath", "net/netip", true},
		{"sockets", "mpspread/multipath", "net", false},
		{"locks", "mpspread/ring", "sync", false},
		{"atomics", "mpspread/ring", "sync/atomic", false},
		{"log", "mpspread/groups", "log/slog", false},
		{"zap", "mpspread/internal/engine", "go.uber.org/zap/zapcore", false},
		{"kernel entropy", "mpspread/multipath", "crypto/rand", false},
		{"locks elsewhere", "mpspread/daemon", "sync", true},
		{"unsafe in the data link", "mpspread/datalink", "unsafe", true},
		{"unsafe elsewhere", "mpspread/daemon", "unsafe", false},
		{"cgo", "mpspread/datalink", "C", false},
		{"unknown package", "mpspread/newcomer", "mpspread/ring", false},
		{"a name that only begins alike", "mpspread/daemon", "osmosis", true},
		{"what nobody has looked at", "mpspread/ring", "osmosis", false},
		{"order of maps", "mpspread/groups", "maps", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if why := Edge(tt.from, tt.to); (why == "") != tt.allowed {
				t.Errorf("%s → %s: allowed = %v (%q), want %v", tt.from, tt.to, why == "", why, tt.allowed)
			}
		})
	}
}

func TestSource(t *testing.T) {
	tests := []struct {
		name, body string
		want       string // part of the only finding; empty: none
	}{
		{"duration", `var _ = time.Second`, ""},
		{"clock", `var _ = time.Now()`, "time.Now"},
		{"clock as a value", `var now = time.Now`, "time.Now"},
		{"timer", `func f() { time.AfterFunc(0, nil) }`, "time.AfterFunc"},
		{"goroutine", `func f() { go f() }`, "goroutine"},
		{"channel", `var c chan int`, "channel"},
		{"select", `func f() { select {} }`, "channel"},
		{"global random", `var _ = rand.IntN(3)`, "rand.IntN"},
		{"standard output", `func f() { println() }`, "prints"},
		{"work before main", `func init() {}`, "init"},
		{"own generator", `var _ = rand.New(rand.NewPCG(1, 2))`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fset := token.NewFileSet()
			f := parse(t, fset, "package p\nimport (\n\"time\"\n\"math/rand/v2\"\n)\n"+tt.body)
			found := Source(fset, f)
			switch {
			case tt.want == "" && len(found) > 0:
				t.Errorf("found %q, want nothing", found)
			case tt.want != "" && (len(found) != 1 || !strings.Contains(found[0], tt.want)):
				t.Errorf("found %q, want one naming %q", found, tt.want)
			}
		})
	}
}

func parse(t *testing.T, fset *token.FileSet, src string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(fset, "p.go", src, 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
