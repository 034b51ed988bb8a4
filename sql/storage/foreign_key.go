package storage

import (
	"slices"
	"strings"
	"sync"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/catalog"
)

var _ gsql.ForeignKeyTable = (*Table)(nil)

// extraUnresolved marks a foreign key whose parent was not there, or not looked at, when it was made.
const extraUnresolved = "unresolved"

// extraForForeignKey marks an index that nobody asked for, but that a foreign key needs.
const extraForForeignKey = "for_foreign_key"

// foreignKeyLinks remembers which tables refer to which, for one dictionary.
type foreignKeyLinks struct {
	mu       sync.Mutex
	snapshot *catalog.Snapshot
	byParent map[[2]string][]link
}

// link is a foreign key and the table that has it.
type link struct {
	child    *catalog.Table
	database string // of the child
	key      *catalog.ForeignKey
}

func (s *Store) linksTo(snapshot *catalog.Snapshot, database, table string) []link {
	l := &s.links
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.snapshot != snapshot {
		l.snapshot, l.byParent = snapshot, map[[2]string][]link{}
		for _, child := range snapshot.AllTables() {
			owner, ok := snapshot.SchemaByID(child.Schema)
			if !ok {
				continue
			}
			for i := range child.ForeignKeys {
				fk := &child.ForeignKeys[i]
				parent := temporaryKey(fk.ParentSchema, fk.ParentTable)
				l.byParent[parent] = append(l.byParent[parent], link{child, owner.Name, fk})
			}
		}
	}
	return l.byParent[temporaryKey(database, table)]
}

// GetDeclaredForeignKeys implements gsql.ForeignKeyTable.
func (t *Table) GetDeclaredForeignKeys(*gsql.Context) ([]gsql.ForeignKeyConstraint, error) {
	out := make([]gsql.ForeignKeyConstraint, len(t.def.ForeignKeys))
	for i := range t.def.ForeignKeys {
		out[i] = constraintOf(t.db.name, t.def, &t.def.ForeignKeys[i])
	}
	return out, nil
}

// GetReferencedForeignKeys implements gsql.ForeignKeyTable.
func (t *Table) GetReferencedForeignKeys(ctx *gsql.Context) ([]gsql.ForeignKeyConstraint, error) {
	snapshot, err := t.db.store.catalogOf(ctx)
	if err != nil {
		return nil, err
	}
	var out []gsql.ForeignKeyConstraint
	for _, l := range t.db.store.linksTo(snapshot, t.db.name, t.def.Name) {
		out = append(out, constraintOf(l.database, l.child, l.key))
	}
	return out, nil
}

func constraintOf(database string, child *catalog.Table, fk *catalog.ForeignKey) gsql.ForeignKeyConstraint {
	return gsql.ForeignKeyConstraint{
		Name: fk.Name, Database: database, Table: child.Name, Columns: slices.Clone(fk.Columns),
		ParentDatabase: fk.ParentSchema, ParentTable: fk.ParentTable, ParentColumns: slices.Clone(fk.ParentColumns),
		OnUpdate:   gsql.ForeignKeyReferentialAction(fk.OnUpdate),
		OnDelete:   gsql.ForeignKeyReferentialAction(fk.OnDelete),
		IsResolved: fk.Extra[extraUnresolved] == "",
	}
}

func foreignKeyOf(c *gsql.ForeignKeyConstraint) catalog.ForeignKey {
	fk := catalog.ForeignKey{
		Name: c.Name, Columns: slices.Clone(c.Columns), ParentSchema: c.ParentDatabase, ParentTable: c.ParentTable,
		ParentColumns: slices.Clone(c.ParentColumns), OnUpdate: string(c.OnUpdate), OnDelete: string(c.OnDelete),
	}
	if !c.IsResolved {
		fk.Extra = map[string]string{extraUnresolved: "true"}
	}
	return fk
}

// CreateIndexForForeignKey implements gsql.ForeignKeyTable.
func (t *Table) CreateIndexForForeignKey(ctx *gsql.Context, def gsql.IndexDef) error {
	return t.createIndex(ctx, def, map[string]string{extraForForeignKey: "true"})
}

// dropSuperseded drops indexes that were made for foreign keys and that a new one serves as well, as MySQL does: programs
// that make a table and then its indexes would have each of them twice.
func (t *Table) dropSuperseded(ctx *gsql.Context, name string) error {
	i := indexOfIndex(t.def, name)
	if i < 0 {
		return nil // it was not unique, and was taken back
	}
	superseded := func(x catalog.Index) bool {
		columns := t.def.Indexes[i].Columns
		return x.Extra[extraForForeignKey] != "" && !strings.EqualFold(x.Name, name) &&
			len(x.Columns) <= len(columns) && slices.Equal(x.Columns, columns[:len(x.Columns)])
	}
	if !slices.ContainsFunc(t.def.Indexes, superseded) {
		return nil
	}
	return t.change(ctx, func(def *catalog.Table) error {
		def.Indexes = slices.DeleteFunc(def.Indexes, superseded)
		return nil
	})
}

// AddForeignKey implements gsql.ForeignKeyTable. Names are unique in a database.
func (t *Table) AddForeignKey(ctx *gsql.Context, c gsql.ForeignKeyConstraint) error {
	snapshot, err := t.db.store.catalogOf(ctx)
	if err != nil {
		return err
	}
	for _, other := range snapshot.Tables(t.db.name) {
		for i := range other.ForeignKeys {
			if strings.EqualFold(other.ForeignKeys[i].Name, c.Name) {
				return gsql.ErrForeignKeyDuplicateName.New(c.Name)
			}
		}
	}
	if err := t.claimParent(ctx, snapshot, &c); err != nil {
		return err
	}
	return t.change(ctx, func(def *catalog.Table) error {
		def.ForeignKeys = append(def.ForeignKeys, foreignKeyOf(&c))
		return nil
	})
}

// claimParent keeps the parent's rows as the check of the new key has seen them: without it a row could be deleted
// between the check and the key.
func (t *Table) claimParent(ctx *gsql.Context, snapshot *catalog.Snapshot, c *gsql.ForeignKeyConstraint) error {
	parent, ok := snapshot.Table(c.ParentDatabase, c.ParentTable)
	if !ok {
		return nil // with foreign_key_checks off the parent may come later
	}
	transaction, err := t.writer(ctx)
	if err != nil {
		return err
	}
	transaction.inner.ClaimContent(parent)
	return nil
}

// DropForeignKey implements gsql.ForeignKeyTable.
func (t *Table) DropForeignKey(ctx *gsql.Context, name string) error {
	return t.change(ctx, func(def *catalog.Table) error {
		i := indexOfForeignKey(def, name)
		if i < 0 {
			return gsql.ErrForeignKeyNotFound.New(name, t.def.Name)
		}
		def.ForeignKeys = slices.Delete(def.ForeignKeys, i, i+1)
		return nil
	})
}

// UpdateForeignKey implements gsql.ForeignKeyTable.
func (t *Table) UpdateForeignKey(ctx *gsql.Context, name string, c gsql.ForeignKeyConstraint) error {
	return t.change(ctx, func(def *catalog.Table) error {
		i := indexOfForeignKey(def, name)
		if i < 0 {
			return gsql.ErrForeignKeyNotFound.New(name, t.def.Name)
		}
		def.ForeignKeys[i] = foreignKeyOf(&c)
		return nil
	})
}

func indexOfForeignKey(def *catalog.Table, name string) int {
	return slices.IndexFunc(def.ForeignKeys, func(fk catalog.ForeignKey) bool { return strings.EqualFold(fk.Name, name) })
}

// GetForeignKeyEditor implements gsql.ForeignKeyTable.
func (t *Table) GetForeignKeyEditor(ctx *gsql.Context) gsql.ForeignKeyEditor { return t.newEditor(ctx) }
