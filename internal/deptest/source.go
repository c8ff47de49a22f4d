package deptest

import (
	"fmt"
	"go/ast"
	"go/token"
	"strconv"
)

// clock are the names of package time that read a clock or start a timer; its
// types and constants are allowed everywhere.
var clock = map[string]bool{
	"Now": true, "Since": true, "Until": true, "Sleep": true, "After": true, "AfterFunc": true,
	"Tick": true, "NewTimer": true, "NewTicker": true, "Local": true,
}

// generator are the names of math/rand/v2 that make a generator out of what is
// passed in; all its other functions use the global one.
var generator = map[string]bool{
	"New": true, "NewPCG": true, "NewChaCha8": true, "NewZipf": true,
	"Rand": true, "Source": true, "PCG": true, "ChaCha8": true, "Zipf": true,
}

// printers are the functions of package fmt that write to the process's output.
var printers = map[string]bool{
	"Print": true, "Printf": true, "Println": true, "Scan": true, "Scanf": true, "Scanln": true,
}

// Source returns what the file of a pure package does that imports do not
// show: reading the clock, the global random numbers, goroutines, channels,
// standard output, work before main. It goes by names: a local variable named as an import is taken for it.
func Source(fset *token.FileSet, f *ast.File) []string {
	names := imported(f)
	var found []string
	report := func(n ast.Node, what string) {
		found = append(found, fmt.Sprintf("%s: %s", fset.Position(n.Pos()), what))
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			report(n, "starts a goroutine")
		case *ast.SelectStmt, *ast.SendStmt:
			report(n, "waits on a channel")
		case *ast.ChanType:
			report(n, "has a channel")
		case *ast.FuncDecl:
			if n.Name.Name == "init" && n.Recv == nil {
				report(n, "has an init function")
			}
		case *ast.CallExpr:
			if id, ok := n.Fun.(*ast.Ident); ok && (id.Name == "print" || id.Name == "println") {
				report(n, "prints")
			}
		case *ast.SelectorExpr:
			pkg, ok := n.X.(*ast.Ident)
			if !ok {
				return true
			}
			switch p := names[pkg.Name]; {
			case p == "time" && clock[n.Sel.Name]:
				report(n, "reads the clock: time."+n.Sel.Name)
			case p == "fmt" && printers[n.Sel.Name]:
				report(n, "prints: fmt."+n.Sel.Name)
			case p == "math/rand":
				report(n, "uses math/rand; math/rand/v2 with a generator passed in is allowed")
			case p == "math/rand/v2" && !generator[n.Sel.Name]:
				report(n, "uses the global random numbers: rand."+n.Sel.Name)
			}
		}
		return true
	})
	return found
}

// imported maps the names by which the file knows its imports to their paths.
func imported(f *ast.File) map[string]string {
	names := map[string]string{}
	for _, s := range f.Imports {
		p, err := strconv.Unquote(s.Path.Value)
		if err != nil {
			continue
		}
		name := map[string]string{"math/rand/v2": "rand", "math/rand": "rand"}[p]
		if name == "" {
			name = p
		}
		if s.Name != nil {
			name = s.Name.Name
		}
		names[name] = p
	}
	return names
}
