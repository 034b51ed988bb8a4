package catalog

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"

	"redoubt/scn"
	"redoubt/wal/redo"
)

// Spaces of the system tables. Dictionary tables go back with a flashback of the database; control tables do not.
const (
	SchemasSpace scn.Space = 1 // dictionary
	TablesSpace  scn.Space = 2 // dictionary
	ObjectsSpace scn.Space = 3 // dictionary
	NamesSpace   scn.Space = 4 // holds no rows: names are claimed here, so that each is given once

	ControlSpace       scn.Space = 16 // named values: privileges, persisted variables
	RestorePointsSpace scn.Space = 17
	RewindsSpace       scn.Space = 18
	SequencesSpace     scn.Space = 19 // numbers given out in blocks: auto-increment values, row ids, space ids
	FlashbacksSpace    scn.Space = 20 // what was taken back, and the incarnations that it began
	RecycleBinSpace    scn.Space = 21
	RetentionSpace     scn.Space = 22 // how much history is kept
	FloorsSpace        scn.Space = 23 // how far back tables can be read

	TimesBySCNSpace scn.Space = 24 // of the state store only: commit times and authors by SCN
	TimesSpace      scn.Space = 25 // of the state store only: SCNs by commit time
	SumsSpace       scn.Space = 26 // of the state store only: sums of the rows of tables

	FirstUserSpace scn.Space = 1000
)

// SystemTable gives the definition of a system table.
func SystemTable(id scn.Space) (*Table, bool) {
	t, ok := systemTables[id]
	return t, ok
}

// IsDictionary tells whether a change of this table changes the catalog.
func IsDictionary(id scn.Space) bool {
	return id == SchemasSpace || id == TablesSpace || id == ObjectsSpace || id == RewindsSpace
}

// SystemSpaces lists the system tables in ascending order.
func SystemSpaces() []scn.Space {
	return []scn.Space{
		SchemasSpace, TablesSpace, ObjectsSpace,
		ControlSpace, RestorePointsSpace, RewindsSpace, SequencesSpace,
		FlashbacksSpace, RecycleBinSpace, RetentionSpace, FloorsSpace,
	}
}

var systemTables = map[scn.Space]*Table{
	SchemasSpace:       systemTable(SchemasSpace, "schemas", 1, "id uint", "definition json"),
	TablesSpace:        systemTable(TablesSpace, "tables", 1, "id uint", "definition json"),
	ObjectsSpace:       systemTable(ObjectsSpace, "objects", 3, "kind string", "schema uint", "folded string", "name string", "definition string"),
	ControlSpace:       systemTable(ControlSpace, "control", 1, "name string", "value bytes"),
	RestorePointsSpace: systemTable(RestorePointsSpace, "restore_points", 1, "folded string", "name string", "scn uint", "time int", "description string", "created int", "created_by string", "guarantee uint"),
	RewindsSpace:       systemTable(RewindsSpace, "rewinds", 2, "xid uint", "space uint", "to uint", "source uint"),
	SequencesSpace:     systemTable(SequencesSpace, "sequences", 1, "sequence uint", "next uint"),
	FlashbacksSpace:    systemTable(FlashbacksSpace, "flashbacks", 1, "xid uint", "kind string", "scope json", "to uint", "incarnation uint", "parent uint", "user string"),
	RetentionSpace:     systemTable(RetentionSpace, "retention", 1, "space uint", "kind string", "amount uint"),
	FloorsSpace:        systemTable(FloorsSpace, "floors", 1, "space uint", "scn uint", "time int", "by string"),
	RecycleBinSpace:    systemTable(RecycleBinSpace, "recycle_bin", 1, "id uint", "is_schema uint", "schema uint", "schema_name string", "name string", "user string"),
}

// systemTable makes a definition from "name kind" columns, of which the first keyColumns are the primary key.
func systemTable(id scn.Space, name string, keyColumns int, columns ...string) *Table {
	kinds := map[string]redo.Kind{"uint": redo.Uint, "int": redo.Int, "string": redo.String, "json": redo.JSON, "bytes": redo.Bytes}
	t := &Table{ID: id, Name: name, NextColumnID: uint32(len(columns) + 1)}
	for i, c := range columns {
		columnName, kind, _ := strings.Cut(c, " ")
		t.Columns = append(t.Columns, Column{ID: uint32(i + 1), Name: columnName, Type: kind, Kind: kinds[kind]})
		if i < keyColumns {
			t.PrimaryKey = append(t.PrimaryKey, IndexColumn{Column: uint32(i + 1)})
		}
	}
	return t
}

// Fold gives the form under which a name is unique and found.
func Fold(name string) string { return strings.ToLower(name) }

func text(s string) redo.Value { return redo.StringValue([]byte(s)) }

// rowOf numbers values as the columns of a system table.
func rowOf(values ...redo.Value) redo.Row {
	row := make(redo.Row, len(values))
	for i, v := range values {
		row[i] = redo.Column{ID: uint32(i + 1), Value: v}
	}
	return row
}

func field(row redo.Row, id uint32) redo.Value {
	v, _ := row.Get(id)
	return v
}

// SchemaRow gives the row of the schemas table for s.
func SchemaRow(s *Schema) (redo.Row, error) {
	doc, err := json.Marshal(s)
	return rowOf(redo.UintValue(uint64(s.ID)), redo.JSONValue(doc)), err
}

// TableRow gives the row of the tables table for t.
func TableRow(t *Table) (redo.Row, error) {
	doc, err := json.Marshal(t)
	return rowOf(redo.UintValue(uint64(t.ID)), redo.JSONValue(doc)), err
}

// TableKey gives the key of the row of the tables table for a table.
func TableKey(id scn.Space) []byte {
	return binary.BigEndian.AppendUint64([]byte{partValue}, uint64(id))
}

// SchemaKey gives the key of the row of the schemas table for a schema.
func SchemaKey(id scn.Space) []byte { return TableKey(id) }

// TableOf reads a row of the tables table.
func TableOf(row redo.Row) (*Table, error) {
	t := &Table{}
	if err := json.Unmarshal(field(row, 2).Data(), t); err != nil {
		return nil, fmt.Errorf("definition of table %v: %w", field(row, 1), err)
	}
	return t, nil
}

// ObjectRow gives the row of the objects table for o.
func ObjectRow(o *Object) redo.Row {
	return rowOf(text(string(o.Kind)), redo.UintValue(uint64(o.Schema)), text(Fold(o.Name)), text(o.Name), text(o.Definition))
}

// ControlRow gives the row of the control table for a named value.
func ControlRow(name string, value []byte) redo.Row {
	return rowOf(text(name), redo.BytesValue(value))
}

// ControlName reads a row of the control table.
func ControlName(row redo.Row) string { return string(field(row, 1).Data()) }

// ControlValue reads a row of the control table.
func ControlValue(row redo.Row) []byte { return field(row, 2).Data() }

// SequenceRow gives the row of the sequences table: the next value of a sequence that nobody has been given.
func SequenceRow(sequence, next uint64) redo.Row {
	return rowOf(redo.UintValue(sequence), redo.UintValue(next))
}

// SequenceNext reads a row of the sequences table.
func SequenceNext(row redo.Row) uint64 { return field(row, 2).Uint() }

// RestorePointRow gives the row of the restore points table for p.
func RestorePointRow(p *RestorePoint) redo.Row {
	var guarantee uint64
	if p.Guarantee {
		guarantee = 1
	}
	return rowOf(text(Fold(p.Name)), text(p.Name), redo.UintValue(uint64(p.SCN)), redo.IntValue(p.TimeMicros),
		text(p.Description), redo.IntValue(p.CreatedMicros), text(p.CreatedBy), redo.UintValue(guarantee))
}

// RewoundSpace is the space that a row of the rewinds table takes back.
func RewoundSpace(row redo.Row) scn.Space { return scn.Space(field(row, 2).Uint()) }

// RewindOf reads a row of the rewinds table. When it happened is the SCN of the row's version, not part of it.
func RewindOf(row redo.Row) (space scn.Space, r scn.Rewind) {
	return RewoundSpace(row), scn.Rewind{To: scn.SCN(field(row, 3).Uint()), Source: scn.Space(field(row, 4).Uint())}
}

// RestorePointOf reads a row of the restore points table.
func RestorePointOf(row redo.Row) RestorePoint {
	return RestorePoint{
		Name:          string(field(row, 2).Data()),
		SCN:           scn.SCN(field(row, 3).Uint()),
		TimeMicros:    field(row, 4).Int(),
		Description:   string(field(row, 5).Data()),
		CreatedMicros: field(row, 6).Int(),
		CreatedBy:     string(field(row, 7).Data()),
		Guarantee:     field(row, 8).Uint() == 1,
	}
}

// RewindRow gives the row of the rewinds table that takes space back to an SCN of source's history. The rewind
// happens at the SCN of the row's own version.
func RewindRow(xid uint64, space scn.Space, to scn.SCN, source scn.Space) redo.Row {
	return rowOf(redo.UintValue(xid), redo.UintValue(uint64(space)), redo.UintValue(uint64(to)), redo.UintValue(uint64(source)))
}

// NameKey gives the key under which the name of a kind of thing in a schema is claimed.
func NameKey(kind string, schema scn.Space, name string) []byte {
	return fmt.Appendf(nil, "%s\x00%d\x00%s", kind, schema, Fold(name))
}
