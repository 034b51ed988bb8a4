package catalog

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"

	"redoubt/scn"
	"redoubt/wal/redo"
)

// RowChange is a change of one row of a dictionary table: whole rows, nil for none.
type RowChange struct {
	Table         scn.Space
	At            scn.SCN // of the new version; 0 if it is the snapshot's own
	Before, After redo.Row
}

type objectKey struct {
	kind   ObjectKind
	schema scn.Space
	folded string
}

// Snapshot is the dictionary as of one SCN. It is immutable.
type Snapshot struct {
	at      scn.SCN
	schemas map[scn.Space]*Schema
	tables  map[scn.Space]*Table
	objects map[objectKey]*Object
	rewinds map[scn.Space][]scn.Rewind
	folds   *Folds // of this node; nil: none

	schemaByName map[string]*Schema
	tableByName  map[scn.Space]map[string]*Table
	referred     *referred
}

// referred are the columns that foreign keys refer to, found out when somebody asks.
type referred struct {
	once    sync.Once
	byTable map[scn.Space][]uint32
}

// Empty is the dictionary of a new database.
func Empty() *Snapshot {
	s := &Snapshot{}
	return s.copy(0)
}

// SCN is the last change that the snapshot holds.
func (s *Snapshot) SCN() scn.SCN { return s.at }

// Schema finds a schema by name, whatever its case.
func (s *Snapshot) Schema(name string) (*Schema, bool) {
	v, ok := s.schemaByName[Fold(name)]
	return v, ok
}

// SchemaByID finds a schema by its id.
func (s *Snapshot) SchemaByID(id scn.Space) (*Schema, bool) {
	v, ok := s.schemas[id]
	return v, ok
}

// Schemas lists the schemas by name.
func (s *Snapshot) Schemas() []*Schema {
	return slices.SortedFunc(maps.Values(s.schemas), func(a, b *Schema) int { return cmp.Compare(a.Name, b.Name) })
}

// Table finds a table by the names of its schema and its own, whatever their case.
func (s *Snapshot) Table(schema, name string) (*Table, bool) {
	owner, ok := s.Schema(schema)
	if !ok {
		return nil, false
	}
	t, ok := s.tableByName[owner.ID][Fold(name)]
	return t, ok
}

// TableByID finds a table, system tables included, by its space.
func (s *Snapshot) TableByID(id scn.Space) (*Table, bool) {
	if id < FirstUserSpace {
		return SystemTable(id)
	}
	t, ok := s.tables[id]
	return t, ok
}

// Tables lists the tables of a schema by name.
func (s *Snapshot) Tables(schema string) []*Table {
	owner, ok := s.Schema(schema)
	if !ok {
		return nil
	}
	return slices.SortedFunc(maps.Values(s.tableByName[owner.ID]), func(a, b *Table) int { return cmp.Compare(a.Name, b.Name) })
}

// AllTables lists every table of users by id.
func (s *Snapshot) AllTables() []*Table {
	return slices.SortedFunc(maps.Values(s.tables), func(a, b *Table) int { return cmp.Compare(a.ID, b.ID) })
}

// Referred gives the ids of those columns of a table that foreign keys refer to.
func (s *Snapshot) Referred(table scn.Space) []uint32 {
	s.referred.once.Do(func() {
		s.referred.byTable = map[scn.Space][]uint32{}
		for _, child := range s.tables {
			for i := range child.ForeignKeys {
				s.refer(&child.ForeignKeys[i])
			}
		}
	})
	return s.referred.byTable[table]
}

func (s *Snapshot) refer(fk *ForeignKey) {
	parent, ok := s.Table(fk.ParentSchema, fk.ParentTable)
	if !ok {
		return
	}
	ids := s.referred.byTable[parent.ID]
	for _, name := range fk.ParentColumns {
		if c, ok := parent.Column(name); ok && !slices.Contains(ids, c.ID) {
			ids = append(ids, c.ID)
		}
	}
	s.referred.byTable[parent.ID] = ids
}

// Objects lists the objects of a kind in a schema by name.
func (s *Snapshot) Objects(kind ObjectKind, schema string) []*Object {
	owner, ok := s.Schema(schema)
	if !ok {
		return nil
	}
	var out []*Object
	for k, o := range s.objects {
		if k.kind == kind && k.schema == owner.ID {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(a, b *Object) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// Object finds an object by kind and names, whatever their case.
func (s *Snapshot) Object(kind ObjectKind, schema, name string) (*Object, bool) {
	owner, ok := s.Schema(schema)
	if !ok {
		return nil, false
	}
	o, ok := s.objects[objectKey{kind, owner.ID, Fold(name)}]
	return o, ok
}

// Lineage gives what a reader at an SCN sees of space, which is a table or one of its indexes.
func (s *Snapshot) Lineage(space scn.Space, at scn.SCN) scn.Lineage {
	if len(s.rewinds) == 0 {
		return scn.Simple(space, at)
	}
	return scn.LineageAt(space, at, func(v scn.Space) []scn.Rewind { return s.rewinds[v] }, s.folds.At)
}

// Folds is how far a node has folded rewinds. It is no part of what the log says, and immutable.
type Folds struct {
	Epoch uint64                // counts up with each change since the start
	To    map[scn.Space]scn.SCN // the last rewind of a space that is folded
}

// At is the SCN of the last rewind of a space that is folded, 0 if none is.
func (f *Folds) At(space scn.Space) scn.SCN {
	if f == nil {
		return 0
	}
	return f.To[space]
}

// Before gives the folds without those of a space at or after an SCN.
func (f *Folds) Before(space scn.Space, at scn.SCN) *Folds {
	if f.At(space) < at {
		return f
	}
	out := &Folds{Epoch: f.Epoch, To: maps.Clone(f.To)}
	out.To[space] = at - 1
	return out
}

// Count is the epoch, 0 if nothing is folded.
func (f *Folds) Count() uint64 {
	if f == nil {
		return 0
	}
	return f.Epoch
}

// Folds gives what the snapshot's lineages pass over.
func (s *Snapshot) Folds() *Folds { return s.folds }

// WithFolds gives the same dictionary with lineages that pass over what is folded.
func (s *Snapshot) WithFolds(f *Folds) *Snapshot {
	if len(s.rewinds) == 0 || s.folds == f {
		return s
	}
	c := *s
	c.folds = f
	return &c
}

// RewoundSpaces lists the spaces that were ever taken back, or are a clone's.
func (s *Snapshot) RewoundSpaces() []scn.Space { return slices.Sorted(maps.Keys(s.rewinds)) }

// Rewinds lists what took a space back, or gave a clone its content, in the order it happened.
func (s *Snapshot) Rewinds(space scn.Space) []scn.Rewind { return s.rewinds[space] }

// Rewound tells whether a space was ever taken back or is a clone's.
func (s *Snapshot) Rewound(space scn.Space) bool { return len(s.rewinds[space]) > 0 }

// With gives the snapshot after the changes of one commit. s stays as it is.
func (s *Snapshot) With(at scn.SCN, changes []RowChange) (*Snapshot, error) {
	next := s.copy(at)
	for i := range changes {
		if err := next.apply(at, &changes[i]); err != nil {
			return nil, fmt.Errorf("catalog at SCN %d: %w", at, err)
		}
	}
	return next, nil
}

// copy gives a snapshot whose maps may be changed.
func (s *Snapshot) copy(at scn.SCN) *Snapshot {
	c := &Snapshot{
		at:           at,
		schemas:      cloneMap(s.schemas),
		tables:       cloneMap(s.tables),
		objects:      cloneMap(s.objects),
		rewinds:      cloneMap(s.rewinds),
		folds:        s.folds,
		schemaByName: cloneMap(s.schemaByName),
		tableByName:  make(map[scn.Space]map[string]*Table, len(s.tableByName)),
		referred:     &referred{},
	}
	maps.Copy(c.tableByName, s.tableByName) // inner maps are copied when they change
	return c
}

func cloneMap[K comparable, V any](m map[K]V) map[K]V {
	if m == nil {
		return map[K]V{}
	}
	return maps.Clone(m)
}

func (s *Snapshot) apply(at scn.SCN, c *RowChange) error {
	switch c.Table {
	case SchemasSpace:
		return s.applySchema(c)
	case TablesSpace:
		return s.applyTable(c)
	case ObjectsSpace:
		s.applyObject(c)
	case RewindsSpace:
		s.applyRewind(at, c)
	}
	return nil
}

func (s *Snapshot) applySchema(c *RowChange) error {
	if c.Before != nil {
		id := scn.Space(field(c.Before, 1).Uint())
		if old := s.schemas[id]; old != nil && s.schemaByName[Fold(old.Name)] == old {
			delete(s.schemaByName, Fold(old.Name))
		}
		delete(s.schemas, id)
	}
	if c.After == nil {
		return nil
	}
	v := &Schema{}
	if err := json.Unmarshal(field(c.After, 2).Data(), v); err != nil {
		return fmt.Errorf("definition of schema %v: %w", field(c.After, 1), err)
	}
	s.schemas[v.ID], s.schemaByName[Fold(v.Name)] = v, v
	return nil
}

func (s *Snapshot) applyTable(c *RowChange) error {
	if c.Before != nil {
		s.removeTable(scn.Space(field(c.Before, 1).Uint()))
	}
	if c.After == nil {
		return nil
	}
	t, err := TableOf(c.After)
	if err != nil {
		return err
	}
	names := cloneMap(s.tableByName[t.Schema])
	names[Fold(t.Name)] = t
	s.tables[t.ID], s.tableByName[t.Schema] = t, names
	return nil
}

func (s *Snapshot) removeTable(id scn.Space) {
	old := s.tables[id]
	if old == nil {
		return
	}
	delete(s.tables, id)
	if s.tableByName[old.Schema][Fold(old.Name)] == old {
		names := cloneMap(s.tableByName[old.Schema])
		delete(names, Fold(old.Name))
		s.tableByName[old.Schema] = names
	}
}

func (s *Snapshot) applyObject(c *RowChange) {
	key := func(row redo.Row) objectKey {
		return objectKey{ObjectKind(field(row, 1).Data()), scn.Space(field(row, 2).Uint()), string(field(row, 3).Data())}
	}
	if c.Before != nil {
		delete(s.objects, key(c.Before))
	}
	if c.After != nil {
		k := key(c.After)
		s.objects[k] = &Object{k.kind, k.schema, string(field(c.After, 4).Data()), string(field(c.After, 5).Data())}
	}
}

func (s *Snapshot) applyRewind(at scn.SCN, c *RowChange) {
	if c.After == nil {
		return // rewinds are facts and stay
	}
	if c.At != 0 {
		at = c.At
	}
	space, r := RewindOf(c.After)
	r.At = at
	s.rewinds[space] = append(slices.Clone(s.rewinds[space]), r)
}
