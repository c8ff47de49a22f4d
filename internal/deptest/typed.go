package deptest

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
)

// Unordered are the functions that go through a map in whatever order it has,
// with why that reaches no output.
var Unordered = map[string]string{
	"groups.Groups.dropOthers": "takes members out of each group by itself and tells nobody",
	"sim.World.waiting":        "adds numbers up",
	"check.Checker.die":        "clears the same field of each ring",
	"check.Checker.state":      "clears the same field of each ring",
	"check.Checker.Settled":    "asks whether anything is still owed to anybody",
}

// Typed returns what a package whose runs must be the same does that only
// types show: going through a map in an order that may reach its output,
// deciding by floating-point numbers, changing variables of the package.
//
// A map may be gone through to collect into slices that are sorted further
// down in the same block; every other such loop must be in Unordered.
func Typed(fset *token.FileSet, files []*ast.File, pkg *types.Package, info *types.Info) []string {
	t := &typed{fset: fset, pkg: pkg, info: info}
	for _, f := range files {
		for _, d := range f.Decls {
			t.in = ""
			if fn, ok := d.(*ast.FuncDecl); ok {
				t.in = functionName(pkg, fn)
			}
			ast.Inspect(d, t.visit)
		}
	}
	return t.found
}

type typed struct {
	fset  *token.FileSet
	pkg   *types.Package
	info  *types.Info
	in    string // the function
	found []string
}

// functionName is package.function or package.Type.method.
func functionName(pkg *types.Package, fn *ast.FuncDecl) string {
	name := fn.Name.Name
	if fn.Recv != nil {
		receiver := fn.Recv.List[0].Type
		if star, ok := receiver.(*ast.StarExpr); ok {
			receiver = star.X
		}
		if id, ok := receiver.(*ast.Ident); ok {
			name = id.Name + "." + name
		}
	}
	return pkg.Name() + "." + name
}

func (t *typed) report(n ast.Node, format string, args ...any) {
	t.found = append(t.found, fmt.Sprintf("%s: ", t.fset.Position(n.Pos()))+fmt.Sprintf(format, args...))
}

func (t *typed) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.BlockStmt:
		t.block(n.List)
	case *ast.CaseClause:
		t.block(n.Body)
	case *ast.BinaryExpr:
		switch n.Op {
		case token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
			if t.isFloat(n.X) || t.isFloat(n.Y) {
				t.report(n, "decides by a floating-point number")
			}
		}
	case *ast.CallExpr:
		t.conversion(n)
	case *ast.AssignStmt:
		for _, to := range n.Lhs {
			t.written(to)
		}
	case *ast.IncDecStmt:
		t.written(n.X)
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			t.written(n.X)
		}
	}
	return true
}

// block looks at the loops over maps among some statements.
func (t *typed) block(list []ast.Stmt) {
	for i, s := range list {
		if l, ok := s.(*ast.LabeledStmt); ok {
			s = l.Stmt
		}
		loop, ok := s.(*ast.RangeStmt)
		if !ok || !t.isMap(loop.X) || Unordered[t.in] != "" {
			continue
		}
		if !t.collects(loop, list[i+1:]) {
			t.report(loop, "%s goes through a map in no order", t.in)
		}
	}
}

// collects tells whether all that a loop does is to append to variables which
// the statements after it sort.
func (t *typed) collects(loop *ast.RangeStmt, after []ast.Stmt) bool {
	ok := true
	ast.Inspect(loop.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			ok = ok && t.appends(n, after)
		case *ast.IncDecStmt, *ast.DeferStmt, *ast.ReturnStmt, *ast.BranchStmt:
			ok = false
		case *ast.ExprStmt:
			ok = false // a call for what it does
		}
		return ok
	})
	return ok
}

// appends tells a statement list = append(list, …) of a list sorted later.
func (t *typed) appends(n *ast.AssignStmt, after []ast.Stmt) bool {
	if len(n.Lhs) != 1 || len(n.Rhs) != 1 {
		return false
	}
	to, okTo := n.Lhs[0].(*ast.Ident)
	call, okCall := n.Rhs[0].(*ast.CallExpr)
	if !okTo || !okCall || !isNamed(call.Fun, "append") {
		return false
	}
	object := t.info.ObjectOf(to)
	for _, s := range after {
		sorted := false
		ast.Inspect(s, func(n ast.Node) bool {
			if c, ok := n.(*ast.CallExpr); ok && t.sorts(c, object) {
				sorted = true
			}
			return !sorted
		})
		if sorted {
			return true
		}
	}
	return false
}

// sorters are the functions of package slices that put a list in order.
var sorters = map[string]bool{"Sort": true, "SortFunc": true, "SortStableFunc": true}

func (t *typed) sorts(c *ast.CallExpr, list types.Object) bool {
	s, ok := c.Fun.(*ast.SelectorExpr)
	if !ok || !sorters[s.Sel.Name] || len(c.Args) == 0 {
		return false
	}
	arg, ok := c.Args[0].(*ast.Ident)
	return ok && t.info.ObjectOf(arg) == list
}

func isNamed(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

// conversion finds a floating-point number that becomes an integer.
func (t *typed) conversion(c *ast.CallExpr) {
	if len(c.Args) != 1 || !t.info.Types[c.Fun].IsType() {
		return
	}
	to, ok := t.info.TypeOf(c.Fun).Underlying().(*types.Basic)
	if ok && to.Info()&types.IsInteger != 0 && t.isFloat(c.Args[0]) {
		t.report(c, "makes an integer of a floating-point number")
	}
}

// isFloat tells values, not constants: 1e9 is an exact number.
func (t *typed) isFloat(e ast.Expr) bool {
	tv := t.info.Types[e]
	if tv.Type == nil || tv.Value != nil {
		return false
	}
	b, ok := tv.Type.Underlying().(*types.Basic)
	return ok && b.Info()&(types.IsFloat|types.IsComplex) != 0
}

func (t *typed) isMap(e ast.Expr) bool {
	of := t.info.TypeOf(e)
	if of == nil {
		return false
	}
	_, ok := of.Underlying().(*types.Map)
	return ok
}

// written finds a variable of the package, or part of one, that is changed or
// whose address is taken inside a function.
func (t *typed) written(e ast.Expr) {
	for {
		switch x := e.(type) {
		case *ast.ParenExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.Ident:
			v, ok := t.info.ObjectOf(x).(*types.Var)
			if ok && t.in != "" && v.Parent() == t.pkg.Scope() {
				t.report(x, "changes %s, which belongs to the package, or takes its address", x.Name)
			}
			return
		default:
			return
		}
	}
}
