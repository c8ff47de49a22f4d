package deptest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// wallReaders are the methods and functions of package time that look at the
// wall clock's part of a Time. All others, Sub and Since among them, use the
// monotonic part where there is one, as in all Times that time.Now has made.
var wallReaders = []string{
	"Unix", "UnixMilli", "UnixMicro", "UnixNano", "UTC", "Local", "In", "Date", "Clock", "Year", "Month", "Day", "Hour", "Minute",
	"Second", "Nanosecond", "YearDay", "Weekday", "ISOWeek", "Format", "AppendFormat", "GoString", "MarshalJSON", "MarshalText", "MarshalBinary",
}

// SCN-27: the daemon reads the wall clock in one place, for the first epoch of a
// life; a jump of it changes nothing else. (The times in log lines are zap's.)
func TestWallClockIsReadInOnePlace(t *testing.T) {
	allowed := map[string]int{"daemon/build.go": 1}
	found := map[string]int{}
	for _, dir := range []string{"daemon", "datalink", "internal/engine", "ring", "multipath", "groups"} {
		files, err := filepath.Glob(filepath.Join("..", "..", dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no files, %v", dir, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			set := token.NewFileSet()
			tree, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			if !importsTime(tree) {
				continue
			}
			ast.Inspect(tree, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok {
					if f, ok := call.Fun.(*ast.SelectorExpr); ok && slices.Contains(wallReaders, f.Sel.Name) {
						found[dir+"/"+filepath.Base(file)]++
					}
				}
				return true
			})
		}
	}
	for file, n := range found {
		if n != allowed[file] {
			t.Errorf("%s reads the wall clock %d times, allowed %d", file, n, allowed[file])
		}
	}
	if found["daemon/build.go"] == 0 {
		t.Error("the one place that is allowed was not found: this test finds nothing")
	}
}

func importsTime(f *ast.File) bool {
	return slices.ContainsFunc(f.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == `"time"` })
}
