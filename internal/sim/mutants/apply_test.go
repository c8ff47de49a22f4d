package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// Every patch still fits the core as it is now, and what it makes of it is a
// program. (It is type-checked, not built: that takes a tenth of the time.)
func TestEveryMutantAppliesAndCompiles(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	list, err := mutants()
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for _, m := range list {
		dirs = append(dirs, m.packages()...)
	}
	slices.Sort(dirs)
	c := newCompiler(t, root, slices.Compact(dirs))
	for _, m := range list {
		t.Run(m.name, func(t *testing.T) {
			changed, err := m.patched(root)
			if err != nil {
				t.Fatal(err)
			}
			if runtime.GOOS != "linux" && m.test != nil {
				t.Skip("what it changes is for Linux")
			}
			for _, dir := range m.packages() {
				if err := c.check(dir, changed); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// compiler type-checks packages of the module with some files replaced.
type compiler struct {
	root    string
	fset    *token.FileSet
	imports types.Importer
	parsed  map[string]*ast.File
}

// newCompiler has the go command compile what the packages import.
func newCompiler(t *testing.T, root string, dirs []string) *compiler {
	args := []string{"list", "-export", "-deps", "-json=ImportPath,Export"}
	for _, dir := range dirs {
		args = append(args, "./"+dir)
	}
	out, err := goTool(context.Background(), root, args...)
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	export := make(map[string]string)
	for d := json.NewDecoder(strings.NewReader(out)); ; {
		var p struct{ ImportPath, Export string }
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		export[p.ImportPath] = p.Export
	}
	c := &compiler{root: root, fset: token.NewFileSet(), parsed: make(map[string]*ast.File)}
	c.imports = importer.ForCompiler(c.fset, "gc", func(path string) (io.ReadCloser, error) {
		if export[path] == "" {
			return nil, fmt.Errorf("%s is imported by no package as it is", path)
		}
		return os.Open(export[path])
	})
	return c
}

// check type-checks the package in dir with its changed files.
func (c *compiler) check(dir string, changed map[string]string) error {
	p, err := build.ImportDir(filepath.Join(c.root, dir), 0)
	if err != nil {
		return err
	}
	var files []*ast.File
	for _, name := range p.GoFiles {
		path := dir + "/" + name
		f := c.parsed[path]
		if text, ok := changed[path]; ok {
			f, err = parser.ParseFile(c.fset, path, text, parser.SkipObjectResolution)
		} else if f == nil {
			f, err = parser.ParseFile(c.fset, filepath.Join(c.root, path), nil, parser.SkipObjectResolution)
			c.parsed[path] = f
		}
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	_, err = (&types.Config{Importer: c.imports}).Check("mpspread/"+dir, c.fset, files, nil)
	return err
}
