package deptest

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// exports returns an importer of what the packages depend on, as the go
// command has compiled it.
func exports(t *testing.T, fset *token.FileSet, packages ...string) types.Importer {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-export", "-deps", "-json=ImportPath,Export"}, packages...)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list -export: %v", err)
	}
	files := map[string]string{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct{ ImportPath, Export string }
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		files[p.ImportPath] = p.Export
	}
	return importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(files[path]) })
}

// typedFindings type-checks files as one package and judges them.
func typedFindings(t *testing.T, imports types.Importer, path string, fset *token.FileSet, files []*ast.File) []string {
	t.Helper()
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
	pkg, err := (&types.Config{Importer: imports}).Check(path, fset, files, info)
	if err != nil {
		t.Fatal(err)
	}
	return Typed(fset, files, pkg, info)
}

// Whatever must run the same every time has no map order in its output, no
// decision by floating-point numbers and no state of a package (correctness
// reference 5.2).
func TestDeterministicSource(t *testing.T) {
	fset := token.NewFileSet()
	var paths []string
	for _, name := range Deterministic {
		paths = append(paths, Module+"/"+name)
	}
	imports := exports(t, fset, paths...)
	packages := listed(t)
	functions := map[string]bool{}
	for _, name := range Deterministic {
		p := packages[Module+"/"+name]
		var files []*ast.File
		for _, file := range p.GoFiles {
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, file), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, f)
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok {
					functions[functionName(types.NewPackage(p.ImportPath, f.Name.Name), fn)] = true
				}
			}
		}
		if len(files) == 0 {
			t.Fatalf("no source of %s", name)
		}
		for _, what := range typedFindings(t, imports, p.ImportPath, fset, files) {
			t.Error(what)
		}
	}
	for name := range Unordered {
		if !functions[name] {
			t.Errorf("Unordered names %s, which there is not", name)
		}
	}
}

func TestTyped(t *testing.T) {
	const head = `package p
import "slices"
var m map[string]int
var table = [2]int{1, 2}
type thing struct { n int; f float64 }
var one thing
var _ = slices.Sort[[]int]
`
	tests := []struct {
		name, body string
		want       string // part of the only finding; empty: none
	}{
		{"keys sorted", `func f(m map[string]int) []string { var l []string; for k := range m { if k != "" { l = append(l, k) } }; slices.Sort(l); return l }`, ""},
		{"keys not sorted", `func f(m map[string]int) []string { var l []string; for k := range m { l = append(l, k) }; return l }`, "no order"},
		{"another list sorted", `func f(m map[string]int, o []string) []string { var l []string; for k := range m { l = append(l, k) }; slices.Sort(o); return l }`, "no order"},
		{"first of a map", `func f(m map[string]int) string { for k := range m { return k }; return "" }`, "no order"},
		{"call for each", `func f(m map[string]func()) { for _, g := range m { g() } }`, "no order"},
		{"sum", `func f(m map[string]int) (n int) { for _, v := range m { n += v }; return n }`, "no order"},
		{"in a case", `func f(m map[string]int) string { switch { case true: for k := range m { return k } }; return "" }`, "no order"},
		{"named map type", `type set map[int]bool; func f(s set) int { for k := range s { return k }; return 0 }`, "no order"},
		{"slice", `func f(l []string) string { for _, k := range l { return k }; return "" }`, ""},
		{"look-up", `func f() int { return m["a"] }`, ""},
		{"float kept", `func f(a, b int) float64 { return float64(a) / float64(b) }`, ""},
		{"float compared", `func f(x float64) bool { return x > 0.5 }`, "floating-point"},
		{"float made an integer", `func f(x float64) int { return int(x) }`, "floating-point"},
		{"constant", `func f(x int) bool { return x > 1e9 }`, ""},
		{"variable assigned", `func f() { table = [2]int{} }`, "table"},
		{"element assigned", `func f() { table[0] = 3 }`, "table"},
		{"map entry assigned", `func f() { m["a"] = 3 }`, "changes m"},
		{"field counted", `func f() { one.n++ }`, "one"},
		{"address taken", `func f() *thing { return &one }`, "one"},
		{"local of the same name", `func f() { table := 1; table++; _ = table }`, ""},
	}
	fset := token.NewFileSet()
	imports := exports(t, fset, "slices")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found := typedFindings(t, imports, "p", fset, []*ast.File{parse(t, fset, head+tt.body)})
			switch {
			case tt.want == "" && len(found) > 0:
				t.Errorf("found %q, want nothing", found)
			case tt.want != "" && (len(found) != 1 || !strings.Contains(found[0], tt.want)):
				t.Errorf("found %q, want one naming %q", found, tt.want)
			}
		})
	}
}
