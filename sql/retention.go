package sql

import (
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/sql/parser"
	"redoubt/sql/sqlcode"
)

// setRetention says how much history is kept, and tells how far back one can go now.
func (c commands) setRetention(ctx *gsql.Context, s *parser.SetRetention) (gsql.RowIter, error) {
	if err := c.server.requireAdmin(ctx); err != nil {
		return nil, err
	}
	e := c.server.options.Engine
	space, err := c.retentionSpace(ctx, s.Of)
	if err != nil {
		return nil, err
	}
	err = c.change(ctx, func(t *txn.Txn) error {
		if s.Unit != parser.RetainDefault {
			return t.PutRetention(retentionOf(space, s))
		}
		if space == 0 {
			return t.PutRetention(e.DefaultRetention())
		}
		said, err := t.Retentions()
		for _, r := range said {
			if r.Space == space {
				return t.DropRetention(space)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return c.retentionRows(ctx, func(r catalog.Retention) bool { return r.Space == space })
}

// retentionSpace finds what a statement is about.
func (c commands) retentionSpace(ctx *gsql.Context, of parser.RetentionScope) (scn.Space, error) {
	dictionary := c.server.options.Engine.Catalog()
	switch {
	case of.Schema != "":
		schema, ok := dictionary.Schema(of.Schema)
		if !ok {
			return 0, sqlcode.UnknownDatabase(of.Schema)
		}
		return schema.ID, nil
	case of.Table.Table != "":
		name, err := c.fullName(ctx, of.Table)
		if err != nil {
			return 0, err
		}
		table, ok := dictionary.Table(name.Schema, name.Table)
		if !ok {
			return 0, sqlcode.UnknownTable(name.Schema + "." + name.Table)
		}
		return table.ID, nil
	}
	return 0, nil
}

// retentionOf is what the statement says.
func retentionOf(space scn.Space, s *parser.SetRetention) catalog.Retention {
	r := catalog.Retention{Space: space, Kind: catalog.RetainAge}
	switch s.Unit {
	case parser.RetainAll:
		r.Kind = catalog.RetainAll
	case parser.RetainVersions:
		r.Kind, r.Amount = catalog.RetainVersions, s.Amount
	default:
		unit := map[parser.RetentionUnit]time.Duration{
			parser.RetainSeconds: time.Second, parser.RetainMinutes: time.Minute, parser.RetainHours: time.Hour,
			parser.RetainDays: 24 * time.Hour, parser.RetainWeeks: 7 * 24 * time.Hour,
		}[s.Unit]
		r.Amount = s.Amount * uint64(unit/time.Microsecond)
	}
	return r
}

func (c commands) showRetention(ctx *gsql.Context) (gsql.RowIter, error) {
	return c.retentionRows(ctx, func(catalog.Retention) bool { return true })
}

// retentionRows shows what was said about retention, the database first; what nobody has said anything about is as it is
// by default.
func (c commands) retentionRows(ctx *gsql.Context, pick func(catalog.Retention) bool) (gsql.RowIter, error) {
	e := c.server.options.Engine
	t := e.Begin(txn.Options{ReadOnly: true})
	defer t.Rollback()
	said, err := t.Retentions()
	if err != nil {
		return nil, err
	}
	if len(said) == 0 || said[0].Space != 0 {
		said = append([]catalog.Retention{e.DefaultRetention()}, said...)
	}
	var rows []gsql.Row
	for _, r := range said {
		name, there := retentionScope(t.Catalog(), r.Space)
		if !there || !pick(r) {
			continue
		}
		row := gsql.Row{name, r.String(), uint64(0), nil}
		if f := e.Floor(r.Space); f.SCN > 0 {
			when, err := wallClock(ctx, f.TimeMicros)
			if err != nil {
				return nil, err
			}
			row[2], row[3] = uint64(f.SCN), when
		}
		rows = append(rows, row)
	}
	return gsql.RowsToRowIter(rows...), nil
}

// retentionScope names what a retention is of, as the statement does.
func retentionScope(dictionary *catalog.Snapshot, space scn.Space) (string, bool) {
	if space == 0 {
		return "DATABASE", true
	}
	if schema, ok := dictionary.SchemaByID(space); ok {
		return "SCHEMA " + schema.Name, true
	}
	table, ok := dictionary.TableByID(space)
	if !ok {
		return "", false
	}
	name := table.Name
	if schema, ok := dictionary.SchemaByID(table.Schema); ok {
		name = schema.Name + "." + name
	}
	return "TABLE " + name, true
}
