package replay

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/catalog"
	"redoubt/scn"
	"redoubt/sql/parser"
	"redoubt/sql/redosql"
	"redoubt/wal/redo"
)

// definition is a statement that changed definitions.
type definition struct {
	text   string
	schema string // that names without one are of
	made   []object
	taken  []*redosql.Table // tables whose rows went back while no definition changed
}

// object names a trigger.
type object struct{ schema, name string }

// definitionOf reads a line. The log does not say what the current database was: it is the one of what the statement changed.
func definitionOf(l *redosql.Line, past redosql.Past) (*definition, error) {
	touched, err := touchedBy(l, past)
	if err != nil {
		return nil, err
	}
	d := &definition{text: l.Statement.Text}
	for _, n := range touched {
		if n.Table != "" || d.schema == "" {
			d.schema = n.Schema
		}
	}
	if d.taken, err = takenBack(l); err != nil {
		return nil, err
	}
	for i := range l.Transaction.Changes {
		c := &l.Transaction.Changes[i]
		kind, name := column(c, 1), column(c, 4)
		if c.Table == catalog.ObjectsSpace && string(kind.Data()) == string(catalog.Trigger) && c.Op != redo.Delete {
			d.made = append(d.made, object{d.schema, string(name.Data())})
		}
	}
	return d, nil
}

// column gives a column of a changed row of the dictionary, as it is or, if it is no more, was.
func column(c *redo.Change, id uint32) redo.Value {
	for _, row := range []redo.Row{c.After, c.Identity, c.Before} {
		if v, ok := row.Get(id); ok {
			return v
		}
	}
	return redo.Value{}
}

// touchedBy lists the tables whose definitions a transaction changed, and the schemas that it changed or whose objects it did.
func touchedBy(l *redosql.Line, past redosql.Past) (list []Name, err error) {
	before, err := past.CatalogAt(l.Record.SCN - 1)
	if err != nil {
		return nil, err
	}
	nameOf := func(id scn.Space) (Name, bool) {
		for _, dictionary := range []*catalog.Snapshot{before, l.Dictionary} {
			if s, ok := dictionary.SchemaByID(id); ok {
				return Name{Schema: s.Name}, true
			}
			if t, ok := dictionary.TableByID(id); ok && id >= catalog.FirstUserSpace {
				if s, ok := dictionary.SchemaByID(t.Schema); ok {
					return Name{s.Name, t.Name}, true
				}
			}
		}
		return Name{}, false
	}
	for i := range l.Transaction.Changes {
		c := &l.Transaction.Changes[i]
		id := uint32(1)
		switch c.Table {
		case catalog.ObjectsSpace, catalog.RewindsSpace: // the schema, and the space that was taken back
			id = 2
		case catalog.SchemasSpace, catalog.TablesSpace:
		default:
			continue
		}
		if n, ok := nameOf(scn.Space(column(c, id).Uint())); ok && !slices.Contains(list, n) {
			list = append(list, n)
		}
	}
	return list, nil
}

// define does a change of definitions again.
func (r *replayer) define(ctx context.Context, t *transaction) error {
	d := t.define
	words := parser.Words(d.text)
	c := &Conflict{SCN: t.at, Transaction: t.xid}
	switch {
	case len(d.made) > 0:
		for _, o := range d.made {
			r.triggers[o] = true
		}
		return nil
	case len(words) > 1 && words[0] == "DROP" && words[1] == "TRIGGER":
		return nil // it is not there: they are made at the end
	case len(d.taken) > 0 && isFlashback(words):
		return r.takeBack(ctx, t)
	case namesPast(words):
		c.Reason = "it goes back to a point of its own log, which the server does not have: " + d.text
		return r.conflict(c)
	}
	if d.schema != "" {
		if there, err := r.there(ctx, d.schema); err != nil {
			return err
		} else if there {
			if _, err := r.Conn.ExecContext(ctx, "USE "+quotedName(d.schema)); err != nil {
				return err
			}
		}
	}
	if _, err := r.Conn.ExecContext(ctx, d.text); err != nil {
		c.Reason, c.Err = "the server refuses "+d.text, err
		return r.conflict(c)
	}
	r.result.Transactions++
	r.result.Definitions++
	return nil
}

func (r *replayer) there(ctx context.Context, schema string) (bool, error) {
	n := 0
	err := r.Conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.schemata WHERE LOWER(schema_name) = ?", strings.ToLower(schema)).Scan(&n)
	return n > 0, err
}

// namesPast tells whether a statement takes something back, but from the recycle bin, or names a point of the log.
func namesPast(words []string) bool {
	if len(words) == 0 {
		return true // the log does not say what it was
	}
	if isFlashback(words) {
		i := slices.Index(words, "BEFORE")
		return i < 0 || i+1 == len(words) || words[i+1] != "DROP"
	}
	for i, w := range words {
		if w == "AS" && i+1 < len(words) && words[i+1] == "OF" {
			return true
		}
	}
	return false
}

// refuseTriggers wants no triggers where rows are to be changed: what they did is in the log.
func (r *replayer) refuseTriggers(ctx context.Context) error {
	schemas, err := r.column(ctx, "SHOW DATABASES")
	if err != nil {
		return err
	}
	var found []string
	for _, schema := range schemas {
		if len(r.Only) > 0 && !slices.ContainsFunc(r.Only, func(o Name) bool { return strings.EqualFold(o.Schema, schema) }) {
			continue
		}
		if _, err := r.Conn.ExecContext(ctx, "USE "+quotedName(schema)); err != nil { // without it triggers are not shown
			return err
		}
		triggers, err := r.column(ctx, "SHOW TRIGGERS FROM "+quotedName(schema))
		if err != nil {
			return err
		}
		for _, name := range triggers {
			found = append(found, schema+"."+name)
		}
	}
	if len(found) == 0 {
		return nil
	}
	return fmt.Errorf("the server has triggers, which would do again what the log has already: %s; drop them, or replay into a database without", strings.Join(found, ", "))
}

// column gives the first column of what a query gives.
func (r *replayer) column(ctx context.Context, query string) (out []string, err error) {
	rows, err := r.Conn.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // Err below has what there is
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	values, into := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		out = append(out, string(values[0]))
	}
	return out, rows.Err()
}

// makeTriggers makes the triggers that the log made and that are there at its end.
func (r *replayer) makeTriggers(ctx context.Context) error {
	if len(r.triggers) == 0 {
		return nil
	}
	dictionary, err := r.Past.CatalogAt(r.SCNs.To)
	if err != nil {
		return err
	}
	for _, s := range dictionary.Schemas() {
		var list []gsql.TriggerDefinition
		for _, o := range dictionary.Objects(catalog.Trigger, s.Name) {
			var t gsql.TriggerDefinition
			if err := json.Unmarshal([]byte(o.Definition), &t); err != nil {
				return fmt.Errorf("trigger %s.%s: %w", s.Name, o.Name, err)
			}
			if r.triggers[object{s.Name, o.Name}] {
				list = append(list, t)
			}
		}
		slices.SortStableFunc(list, func(a, b gsql.TriggerDefinition) int { return a.CreatedAt.Compare(b.CreatedAt) })
		for _, t := range list {
			for _, text := range []string{"USE " + quotedName(s.Name), "SET SESSION sql_mode = " + quotedText(t.SqlMode), t.CreateStatement} {
				if _, err := r.Conn.ExecContext(ctx, text); err != nil {
					return fmt.Errorf("trigger %s.%s: %w", s.Name, t.Name, err)
				}
			}
			r.result.Definitions++
		}
	}
	return nil
}
