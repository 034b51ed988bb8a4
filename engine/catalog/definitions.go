package catalog

import (
	"maps"
	"slices"
	"strings"

	"redoubt/scn"
	"redoubt/wal/redo"
)

// HiddenRowID is the column id under which the rows of a table without a primary key carry their row id.
const HiddenRowID uint32 = 0

// Column describes one column.
type Column struct {
	ID             uint32            `json:"id"` // stable, never reused within the table
	Name           string            `json:"name"`
	Type           string            `json:"type"` // SQL type, canonical text of the SQL layer
	Kind           redo.Kind         `json:"kind"` // how values are stored and sorted
	Collation      string            `json:"collation,omitempty"`
	Nullable       bool              `json:"nullable,omitempty"`
	AutoIncrement  bool              `json:"auto_increment,omitempty"`
	Default        string            `json:"default,omitempty"`
	DefaultLiteral bool              `json:"default_literal,omitempty"`
	OnUpdate       string            `json:"on_update,omitempty"`
	Generated      string            `json:"generated,omitempty"`
	Virtual        bool              `json:"virtual,omitempty"`
	Comment        string            `json:"comment,omitempty"`
	HasAdded       bool              `json:"has_added,omitempty"`
	Added          redo.Value        `json:"added,omitzero"` // what rows written before the column was added have
	Extra          map[string]string `json:"extra,omitempty"`
}

// IndexColumn is one part of a key.
type IndexColumn struct {
	Column       uint32 `json:"column"`
	PrefixLength int    `json:"prefix_length,omitempty"` // characters of text, bytes of binary; 0 is all of it
}

// IndexState tells how far an index has come.
type IndexState string

// States of an index. Writes maintain it in every state; only a public one may answer queries.
const (
	StateBuilding   IndexState = "building"   // existing rows are being added
	StateValidating IndexState = "validating" // complete; writers check uniqueness; duplicates are being looked for
	StatePublic     IndexState = "public"
)

// Index describes a secondary index.
type Index struct {
	ID      scn.Space         `json:"id"`
	Name    string            `json:"name"`
	Unique  bool              `json:"unique,omitempty"`
	Columns []IndexColumn     `json:"columns"`
	Comment string            `json:"comment,omitempty"`
	State   IndexState        `json:"state"`
	Extra   map[string]string `json:"extra,omitempty"`
}

// Enforced tells whether writers must check and claim the index's keys for uniqueness.
func (i *Index) Enforced() bool { return i.Unique && i.State != StateBuilding }

// ForeignKey says that the values of Columns must exist in the parent's ParentColumns.
type ForeignKey struct {
	Name          string            `json:"name"`
	Columns       []string          `json:"columns"`
	ParentSchema  string            `json:"parent_schema"`
	ParentTable   string            `json:"parent_table"`
	ParentColumns []string          `json:"parent_columns"`
	OnUpdate      string            `json:"on_update,omitempty"`
	OnDelete      string            `json:"on_delete,omitempty"`
	Extra         map[string]string `json:"extra,omitempty"`
}

// RefersAlike tells whether another foreign key refers to the same columns of the same table.
func (fk *ForeignKey) RefersAlike(other ForeignKey) bool {
	return Fold(fk.ParentSchema) == Fold(other.ParentSchema) && Fold(fk.ParentTable) == Fold(other.ParentTable) &&
		slices.EqualFunc(fk.ParentColumns, other.ParentColumns, strings.EqualFold)
}

// Check is a condition on each row, evaluated by the SQL layer.
type Check struct {
	Name       string `json:"name"`
	Expression string `json:"expression"`
	Enforced   bool   `json:"enforced"`
}

// Table describes a table. Its rows live in the space of its ID.
type Table struct {
	ID           scn.Space         `json:"id"`
	Schema       scn.Space         `json:"schema"`
	Name         string            `json:"name"`
	Columns      []Column          `json:"columns"` // in ordinal order
	NextColumnID uint32            `json:"next_column_id"`
	PrimaryKey   []IndexColumn     `json:"primary_key,omitempty"` // empty: rows have a hidden row id
	Indexes      []Index           `json:"indexes,omitempty"`
	ForeignKeys  []ForeignKey      `json:"foreign_keys,omitempty"`
	Checks       []Check           `json:"checks,omitempty"`
	Collation    string            `json:"collation,omitempty"`
	Comment      string            `json:"comment,omitempty"`
	Extra        map[string]string `json:"extra,omitempty"`
}

// Column finds a column by name, whatever its case.
func (t *Table) Column(name string) (*Column, bool) {
	for i := range t.Columns {
		if strings.EqualFold(t.Columns[i].Name, name) {
			return &t.Columns[i], true
		}
	}
	return nil, false
}

// ColumnByID finds a column by its id.
func (t *Table) ColumnByID(id uint32) (*Column, bool) {
	for i := range t.Columns {
		if t.Columns[i].ID == id {
			return &t.Columns[i], true
		}
	}
	return nil, false
}

// Index finds an index by name, whatever its case.
func (t *Table) Index(name string) (*Index, bool) {
	for i := range t.Indexes {
		if strings.EqualFold(t.Indexes[i].Name, name) {
			return &t.Indexes[i], true
		}
	}
	return nil, false
}

// IndexByID finds an index by its space.
func (t *Table) IndexByID(id scn.Space) (*Index, bool) {
	for i := range t.Indexes {
		if t.Indexes[i].ID == id {
			return &t.Indexes[i], true
		}
	}
	return nil, false
}

// Clone gives a deep copy, to be changed and put back.
func (t *Table) Clone() *Table {
	c := *t
	c.Columns = slices.Clone(t.Columns)
	for i := range c.Columns {
		c.Columns[i].Extra = maps.Clone(c.Columns[i].Extra)
	}
	c.PrimaryKey = slices.Clone(t.PrimaryKey)
	c.Indexes = slices.Clone(t.Indexes)
	for i := range c.Indexes {
		c.Indexes[i].Columns = slices.Clone(c.Indexes[i].Columns)
		c.Indexes[i].Extra = maps.Clone(c.Indexes[i].Extra)
	}
	c.ForeignKeys = slices.Clone(t.ForeignKeys)
	for i := range c.ForeignKeys {
		f := &c.ForeignKeys[i]
		f.Columns, f.ParentColumns = slices.Clone(f.Columns), slices.Clone(f.ParentColumns)
		f.Extra = maps.Clone(f.Extra)
	}
	c.Checks = slices.Clone(t.Checks)
	c.Extra = maps.Clone(t.Extra)
	return &c
}

// Schema describes a database in MySQL's sense.
type Schema struct {
	ID        scn.Space         `json:"id"`
	Name      string            `json:"name"`
	Collation string            `json:"collation,omitempty"`
	Extra     map[string]string `json:"extra,omitempty"`
}

// ObjectKind is a kind of stored definition that has no rows.
type ObjectKind string

// Kinds of object.
const (
	View      ObjectKind = "view"
	Trigger   ObjectKind = "trigger"
	Procedure ObjectKind = "procedure"
	Event     ObjectKind = "event"
)

// Object is a view, trigger, procedure or event: a name and a definition that the SQL layer understands.
type Object struct {
	Kind       ObjectKind
	Schema     scn.Space
	Name       string
	Definition string
}

// RestorePoint is a name for an SCN.
type RestorePoint struct {
	Name          string
	SCN           scn.SCN
	TimeMicros    int64 // commit time of SCN
	Description   string
	CreatedMicros int64
	CreatedBy     string
	Guarantee     bool // the history from SCN on is kept for as long as the restore point is there
}
