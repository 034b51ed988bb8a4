package function

import (
	"strings"

	ast "github.com/dolthub/vitess/go/vt/sqlparser"
)

// namedWindows writes the windows that WINDOW names where they are used: the engine takes a window that is used by its
// name for one without an order.
func namedWindows(s *ast.Select) {
	if len(s.Window) == 0 {
		return
	}
	named := map[string]*ast.WindowDef{}
	for _, w := range s.Window {
		named[w.Name.Lowered()] = w
	}
	visit := func(n ast.SQLNode) (bool, error) {
		if f, ok := n.(*ast.FuncExpr); ok && f.Over != nil {
			f.Over = (*ast.Over)(inherit((*ast.WindowDef)(f.Over), named, len(named)))
		}
		return true, nil
	}
	// Walk returns only errors of the visitor, which returns none.
	_ = ast.Walk(visit, s.SelectExprs, s.OrderBy)
	for _, w := range named {
		if inherit(w, named, len(named)).NameRef.String() != "" {
			return // of an unknown window, or of itself: the engine says so
		}
	}
	s.Window = nil
}

// inherit gives a window with what it takes over from the one that it names. It follows at most so many names.
func inherit(w *ast.WindowDef, named map[string]*ast.WindowDef, most int) *ast.WindowDef {
	base, ok := named[strings.ToLower(w.NameRef.String())]
	if !ok || most == 0 {
		return w
	}
	base = inherit(base, named, most-1)
	clash := len(w.PartitionBy) > 0 || len(w.OrderBy) > 0 && len(base.OrderBy) > 0 || base.NameRef.String() != ""
	if clash {
		return w
	}
	out := &ast.WindowDef{PartitionBy: base.PartitionBy, OrderBy: base.OrderBy, Frame: base.Frame}
	if len(w.OrderBy) > 0 {
		out.OrderBy = w.OrderBy
	}
	if w.Frame != nil {
		out.Frame = w.Frame
	}
	return out
}
