package catalog

import (
	"encoding/json"
	"fmt"

	"redoubt/scn"
	"redoubt/wal/redo"
)

// FlashbackKind is what went back, or was made of the past.
type FlashbackKind string

// Kinds of flashback.
const (
	FlashbackTable    FlashbackKind = "TABLE"
	FlashbackSchema   FlashbackKind = "SCHEMA"
	FlashbackDatabase FlashbackKind = "DATABASE"
	FlashbackDrop     FlashbackKind = "BEFORE DROP"
	FlashbackTruncate FlashbackKind = "TRUNCATE"
	FlashbackClone    FlashbackKind = "CLONE"
	FlashbackRecovery FlashbackKind = "RECOVERY" // of the whole database, from its archived log
)

// Flashback is a row of the flashbacks table: what one statement took back.
type Flashback struct {
	At   scn.SCN // its own commit; that of the row's version, not part of the row
	XID  uint64
	Kind FlashbackKind
	// Scope is what the statement named: a schema, tables, nothing for the whole database.
	Scope []Scope
	To    scn.SCN
	// Incarnation is the one that a flashback or a recovery of the whole database begins, and Parent the one that it goes on from; 0 for
	// all other kinds.
	Incarnation, Parent uint64
	User                string
}

// Scope names a table, or a schema if Table is empty.
type Scope struct {
	Schema string    `json:"schema"`
	Table  string    `json:"table,omitempty"`
	ID     scn.Space `json:"id"`
}

// String is the name as it is written in SQL, quoted.
func (s Scope) String() string {
	if s.Table == "" {
		return quoteName(s.Schema)
	}
	return quoteName(s.Schema) + "." + quoteName(s.Table)
}

// quoteName quotes a name where it must be: one of letters, digits and _ that begins with a letter is left as it is.
func quoteName(name string) string {
	plain := name != ""
	for i, c := range []byte(name) {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		plain = plain && (letter || i > 0 && c >= '0' && c <= '9')
	}
	if plain {
		return name
	}
	quoted := []byte{'`'}
	for _, c := range []byte(name) {
		if c == '`' {
			quoted = append(quoted, '`')
		}
		quoted = append(quoted, c)
	}
	return string(append(quoted, '`'))
}

// FlashbackRow gives the row of the flashbacks table for f.
func FlashbackRow(f *Flashback) (redo.Row, error) {
	scope, err := json.Marshal(f.Scope)
	return rowOf(redo.UintValue(f.XID), text(string(f.Kind)), redo.JSONValue(scope), redo.UintValue(uint64(f.To)),
		redo.UintValue(f.Incarnation), redo.UintValue(f.Parent), text(f.User)), err
}

// FlashbackOf reads a row of the flashbacks table, whose version is of at.
func FlashbackOf(row redo.Row, at scn.SCN) (Flashback, error) {
	f := Flashback{
		At: at, XID: field(row, 1).Uint(), Kind: FlashbackKind(field(row, 2).Data()), To: scn.SCN(field(row, 4).Uint()),
		Incarnation: field(row, 5).Uint(), Parent: field(row, 6).Uint(), User: string(field(row, 7).Data()),
	}
	if err := json.Unmarshal(field(row, 3).Data(), &f.Scope); err != nil {
		return f, fmt.Errorf("flashback of SCN %d: %w", at, err)
	}
	return f, nil
}

// Recycled is a row of the recycle bin: a table or a schema that was dropped and can be brought back.
type Recycled struct {
	At         scn.SCN   // the commit that dropped it; that of the row's version, not part of the row
	ID         scn.Space // of the table or the schema
	IsSchema   bool
	SchemaID   scn.Space
	SchemaName string
	Name       string // of the table; empty for a schema
	User       string // who dropped it
}

// BinName is the name of what lies in the recycle bin, which is unique there.
func (r *Recycled) BinName() string { return fmt.Sprintf("BIN$%d", r.ID) }

// RecycledRow gives the row of the recycle bin for r.
func RecycledRow(r *Recycled) redo.Row {
	var schema uint64
	if r.IsSchema {
		schema = 1
	}
	return rowOf(redo.UintValue(uint64(r.ID)), redo.UintValue(schema), redo.UintValue(uint64(r.SchemaID)), text(r.SchemaName),
		text(r.Name), text(r.User))
}

// RecycledOf reads a row of the recycle bin, whose version is of at.
func RecycledOf(row redo.Row, at scn.SCN) Recycled {
	return Recycled{
		At: at, ID: scn.Space(field(row, 1).Uint()), IsSchema: field(row, 2).Uint() == 1, SchemaID: scn.Space(field(row, 3).Uint()),
		SchemaName: string(field(row, 4).Data()), Name: string(field(row, 5).Data()), User: string(field(row, 6).Data()),
	}
}
