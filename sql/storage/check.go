package storage

import (
	"fmt"
	"slices"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/catalog"
)

var (
	_ gsql.CheckTable          = (*Table)(nil)
	_ gsql.CheckAlterableTable = (*Table)(nil)
)

// GetChecks implements gsql.CheckTable.
func (t *Table) GetChecks(*gsql.Context) ([]gsql.CheckDefinition, error) {
	out := make([]gsql.CheckDefinition, len(t.def.Checks))
	for i, c := range t.def.Checks {
		out[i] = gsql.CheckDefinition{Name: c.Name, CheckExpression: c.Expression, Enforced: c.Enforced}
	}
	return out, nil
}

// CreateCheck implements gsql.CheckAlterableTable.
func (t *Table) CreateCheck(ctx *gsql.Context, check *gsql.CheckDefinition) error {
	return t.change(ctx, func(def *catalog.Table) error {
		name := check.Name
		if name == "" {
			name = freeCheckName(def)
		}
		if indexOfCheck(def, name) >= 0 {
			return gsql.ErrDuplicateKey.New(name)
		}
		def.Checks = append(def.Checks, catalog.Check{Name: name, Expression: check.CheckExpression, Enforced: check.Enforced})
		return nil
	})
}

// DropCheck implements gsql.CheckAlterableTable.
func (t *Table) DropCheck(ctx *gsql.Context, name string) error {
	return t.change(ctx, func(def *catalog.Table) error {
		i := indexOfCheck(def, name)
		if i < 0 {
			return gsql.ErrUnknownConstraint.New(name)
		}
		def.Checks = slices.Delete(def.Checks, i, i+1)
		return nil
	})
}

func indexOfCheck(def *catalog.Table, name string) int {
	return slices.IndexFunc(def.Checks, func(c catalog.Check) bool { return strings.EqualFold(c.Name, name) })
}

// freeCheckName makes a name as MySQL does, table_chk_n.
func freeCheckName(def *catalog.Table) string {
	for n := 1; ; n++ {
		if name := fmt.Sprintf("%s_chk_%d", def.Name, n); indexOfCheck(def, name) < 0 {
			return name
		}
	}
}
