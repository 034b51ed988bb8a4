package sql

import (
	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/catalog"
	"redoubt/flashback"
	"redoubt/sql/parser"
	"redoubt/sql/sqlcode"
)

// showRecycleBin lists what the user may bring back.
func (c commands) showRecycleBin(ctx *gsql.Context) (gsql.RowIter, error) {
	entries, err := c.server.flashback.Bin()
	if err != nil {
		return nil, err
	}
	e := c.server.options.Engine
	var rows []gsql.Row
	for i := range entries {
		r := &entries[i]
		if c.server.require(ctx, r.SchemaName, r.Name, gsql.PrivilegeType_Select) != nil {
			continue
		}
		micros, err := e.SCNToTime(r.At)
		if err != nil {
			return nil, err
		}
		when, err := wallClock(ctx, micros)
		if err != nil {
			return nil, err
		}
		kind, name, sum := "TABLE", r.SchemaName+"."+r.Name, e.TableHash(r.ID)
		if r.IsSchema {
			kind, name = "SCHEMA", r.SchemaName
		}
		rows = append(rows, gsql.Row{name, r.BinName(), kind, when, uint64(r.At), r.User, sum.Rows})
	}
	return gsql.RowsToRowIter(rows...), nil
}

// purge takes things out of the recycle bin.
func (c commands) purge(ctx *gsql.Context, s *parser.Purge) (gsql.RowIter, error) {
	var pick func(r *catalog.Recycled) bool
	switch {
	case s.Admin:
		if err := c.server.requireAdmin(ctx); err != nil {
			return nil, err
		}
		pick = func(*catalog.Recycled) bool { return true }
	case s.All:
		pick = func(r *catalog.Recycled) bool {
			return c.server.require(ctx, r.SchemaName, r.Name, gsql.PrivilegeType_Drop) == nil
		}
	default:
		name := flashback.Name{Schema: s.SchemaName}
		if s.Table.Table != "" {
			var err error
			if name, err = c.fullName(ctx, s.Table); err != nil {
				return nil, err
			}
		}
		if err := c.server.require(ctx, name.Schema, name.Table, gsql.PrivilegeType_Drop); err != nil {
			return nil, err
		}
		entries, err := c.server.flashback.Bin()
		if err != nil {
			return nil, err
		}
		if pick = flashback.PurgeOldest(entries, name); pick == nil {
			return nil, sqlcode.New(sqlcode.IDNotInBin, name.String()+" is not in the recycle bin")
		}
	}
	n, err := c.server.flashback.Purge(ctx, c.author(ctx), pick)
	return gsql.RowsToRowIter(gsql.Row{uint64(n)}), err
}

// dropPurge runs a DROP that leaves nothing in the recycle bin.
func (c commands) dropPurge(ctx *gsql.Context, s *parser.DropPurge) (gsql.RowIter, error) {
	own, err := session(ctx)
	if err != nil {
		return nil, err
	}
	own.SetPurge(true)
	defer own.SetPurge(false)
	_, rows, _, err := c.server.engine.Query(ctx.WithQuery(s.Query), s.Query)
	if err != nil {
		return nil, err
	}
	_, err = gsql.RowIterToRows(ctx, rows)
	return done(), err
}
