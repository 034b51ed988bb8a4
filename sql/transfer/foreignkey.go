package transfer

import (
	"context"
	"strings"

	"redoubt/engine/catalog"
)

// Errors of the server that say that a foreign key cannot be.
const (
	errNoTable       = 1146
	errNoDatabase    = 1049
	errNoParentRow   = 1452
	errNoParentIndex = 1822
	errNoParentTable = 1824
	errDuplicateName = 1826
)

// foreignKey adds a foreign key to a copy. One that cannot be there, since its parent is not or rows refer to parents that are
// not, is told.
func (c *Copier) foreignKey(ctx context.Context, def *catalog.Table, fk *catalog.ForeignKey, made, as Name) error {
	parent := Name{fk.ParentSchema, fk.ParentTable}
	owner := ""
	if s, ok := c.Source.View.Catalog().SchemaByID(def.Schema); ok {
		owner = s.Name
	}
	inside := strings.EqualFold(fk.ParentSchema, owner)
	switch {
	case inside && strings.EqualFold(fk.ParentTable, def.Name):
		parent = made
	case inside:
		parent.Schema = made.Schema
	}
	told := parent
	if inside {
		told = Name{as.Schema, parent.Table}
		if parent == made {
			told = as
		}
	}
	if there, err := c.exists(ctx, parent); err != nil {
		return err
	} else if !there {
		c.note("foreign key %s of %s was not made: there is no table %s; once there is: %s", fk.Name, as, told, addForeignKey(as.quoted(), fk.Name, fk, told.quoted()))
		return nil
	}
	err := c.exec(ctx, addForeignKey(made.quoted(), fk.Name, fk, parent.quoted()))
	if hasNumber(err, errDuplicateName) || err != nil && strings.Contains(err.Error(), "duplicate foreign key constraint name") {
		if err = c.exec(ctx, addForeignKey(made.quoted(), "", fk, parent.quoted())); err == nil {
			c.note("foreign key %s of %s has another name: that one is taken in %s", fk.Name, as, as.Schema)
		}
	}
	for _, number := range []uint16{errNoTable, errNoDatabase, errNoParentRow, errNoParentIndex, errNoParentTable} {
		if hasNumber(err, number) {
			c.note("foreign key %s of %s was not made: %v; once it can be: %s", fk.Name, as, err, addForeignKey(as.quoted(), fk.Name, fk, told.quoted()))
			return nil
		}
	}
	return err
}
