package storage

import (
	"context"
	"fmt"
	"iter"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/flashback"
	"redoubt/flashback/versions"
	"redoubt/scn"
	"redoubt/sql/datatype"
	"redoubt/sql/parser"
)

// versionsIter reads the versions of rows in the ranges of a partition.
type versionsIter struct {
	table   *VersionsTable
	session *Session
	reader  *versions.Reader
	part    *versionsPartition
	next    int // range
	pull    func() (*versions.Row, error, bool)
	stop    func()
	cuts    []versionsCut
	shapes  map[*catalog.Table]*versionsShape
	commits map[scn.SCN]engine.CommitInfo
	asked   scn.SCN // the last that was not among them
	count   uint
}

func newVersionsIter(ctx *gsql.Context, t *VersionsTable, p gsql.Partition) (gsql.RowIter, error) {
	part, ok := p.(*versionsPartition)
	if !ok {
		return nil, fmt.Errorf("storage: partition is a %T, not one of versions", p)
	}
	session, err := sessionOf(ctx)
	if err != nil {
		return nil, err
	}
	i := &versionsIter{table: t, session: session, part: part, shapes: map[*catalog.Table]*versionsShape{}, commits: map[scn.SCN]engine.CommitInfo{}}
	if i.reader, err = versions.NewReader(session.store.engine, t.life); err != nil {
		return nil, engineError(err)
	}
	if session.versions == nil {
		session.versions = map[*versionsIter]struct{}{}
	}
	session.versions[i] = struct{}{} // which closes it at the end of the statement if nobody else does
	return i, nil
}

// Next implements gsql.RowIter.
func (i *versionsIter) Next(ctx *gsql.Context) (gsql.Row, error) {
	for {
		if i.count++; i.count%cancelEvery == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if i.pull == nil {
			if i.next == len(i.part.ranges) {
				return nil, errEOF
			}
			i.open(ctx)
		}
		version, err, more := i.pull()
		if err != nil {
			return nil, err
		}
		if !more {
			i.stop()
			i.pull = nil
			continue
		}
		if version.Operation == versions.Delete && i.table.asked.Visible {
			continue
		}
		row, err := i.decode(ctx, version)
		if err != nil {
			return nil, err
		}
		keep, err := i.accepts(ctx, row)
		if err != nil {
			return nil, err
		}
		if keep {
			return i.finish(ctx, row, version)
		}
	}
}

func (i *versionsIter) open(ctx context.Context) {
	r := i.part.ranges[i.next]
	i.next++
	i.cuts = r.cuts
	var seq iter.Seq2[*versions.Row, error]
	if i.part.index == nil {
		seq = i.reader.Rows(ctx, r.Range)
	} else {
		seq = i.reader.IndexRows(ctx, i.part.index.ID, r.Range)
	}
	pull, stop := iter.Pull2(seq)
	i.pull, i.stop = func() (*versions.Row, error, bool) { return pull() }, stop
}

func (i *versionsIter) accepts(ctx *gsql.Context, row gsql.Row) (bool, error) {
	for _, c := range i.cuts {
		if in, err := c.contains(ctx, row[c.position]); err != nil || !in {
			return false, err
		}
	}
	return true, nil
}

// Close implements gsql.RowIter.
func (i *versionsIter) Close(*gsql.Context) error { return i.close() }

func (i *versionsIter) close() error {
	if i.reader == nil {
		return nil
	}
	if i.pull != nil {
		i.stop()
		i.pull = nil
	}
	delete(i.session.versions, i)
	err := i.reader.Close()
	i.reader, i.next = nil, len(i.part.ranges)
	return err
}

// versionsShape turns the rows of one definition into those of the newest.
type versionsShape struct {
	sources []versions.Source
	fields  []datatype.Field // of the sources; those without a source are unused
}

func (i *versionsIter) shape(version *versions.Row) (*versionsShape, error) {
	if s, ok := i.shapes[version.Then]; ok {
		return s, nil
	}
	s := &versionsShape{sources: i.table.life.Sources(version.Generation, version.Then)}
	for k, source := range s.sources {
		column := source.Column
		if column == nil {
			column = &i.table.base.def.Columns[k]
		}
		f, err := datatype.NewField(column)
		if err != nil {
			return nil, err
		}
		s.fields = append(s.fields, f)
	}
	i.shapes[version.Then] = s
	return s, nil
}

// decode makes the SQL values of a version in the table's columns.
func (i *versionsIter) decode(ctx *gsql.Context, version *versions.Row) (gsql.Row, error) {
	s, err := i.shape(version)
	if err != nil {
		return nil, err
	}
	def := i.table.base.def
	out := make(gsql.Row, len(def.Columns), len(def.Columns)+len(i.table.pseudo))
	for k := range def.Columns {
		source := s.sources[k]
		v, err := s.fields[k].Decode(source.Of(&def.Columns[k], version.Values))
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", def.Name, err)
		}
		if !source.Own && v != nil {
			v = i.convert(ctx, k, v)
		}
		out[k] = v
	}
	return out, nil
}

// convert gives a value of a column that has another type now. What does not fit it is NULL, with a warning.
func (i *versionsIter) convert(ctx *gsql.Context, position int, v any) any {
	field := &i.table.base.shape.Fields[position]
	converted, in, err := field.Type.Convert(ctx, v)
	if err != nil || in != gsql.InRange {
		ctx.Warn(1265, "Data truncated for column '%s': a version has %v, which its type now cannot hold", field.Column.Name, v)
		return nil
	}
	return converted
}

// finish adds the pseudo-columns that are asked for and leaves out what is not.
func (i *versionsIter) finish(ctx *gsql.Context, row gsql.Row, version *versions.Row) (gsql.Row, error) {
	t := i.table
	own := len(t.base.def.Columns)
	if t.project == nil {
		for k := range t.pseudo {
			v, err := i.value(ctx, t.pseudo[k], version)
			if err != nil {
				return nil, err
			}
			row = append(row, v)
		}
		return row, nil
	}
	out := make(gsql.Row, len(t.project))
	for k, position := range t.project {
		if position < own {
			out[k] = row[position]
			continue
		}
		var err error
		if out[k], err = i.value(ctx, t.pseudo[position-own], version); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// value gives a pseudo-column. What made a version that was there before the range is not told, as in Oracle.
func (i *versionsIter) value(ctx *gsql.Context, name string, version *versions.Row) (any, error) {
	switch name {
	case RowSCNColumn:
		return uint64(version.SCN), nil
	case "versions_startscn":
		return orNull(version.Start), nil
	case "versions_endscn":
		return orNull(version.End), nil
	case "versions_operation":
		if version.Operation == versions.Unknown {
			return nil, nil
		}
		return string(version.Operation), nil
	case "versions_starttime":
		return i.time(ctx, version.Start)
	case "versions_endtime":
		return i.time(ctx, version.End)
	case "versions_incarnation":
		return flashback.At(i.table.flashbacks, max(version.Start, i.table.life.Range.From-1)), nil
	}
	if version.Start == 0 {
		return nil, nil
	}
	c, err := i.commit(version.Start)
	if name == "versions_xid" {
		return c.XID, err
	}
	return c.User, err
}

func orNull(at scn.SCN) any {
	if at == 0 {
		return nil
	}
	return uint64(at)
}

func (i *versionsIter) time(ctx *gsql.Context, at scn.SCN) (any, error) {
	if at == 0 {
		return nil, nil
	}
	c, err := i.commit(at)
	if err != nil {
		return nil, err
	}
	return parser.WallClock(ctx, c.TimeMicros)
}

// commitsMax bounds the commits that one reader remembers; it reads so many at once when it asks for one soon after another.
const (
	commitsMax  = 1024
	commitsPage = 64
)

// commit tells of a commit. Versions of one row were often made by commits that follow each other, those of different rows by
// the same ones.
func (i *versionsIter) commit(at scn.SCN) (engine.CommitInfo, error) {
	if c, ok := i.commits[at]; ok {
		return c, nil
	}
	if len(i.commits) >= commitsMax {
		clear(i.commits)
	}
	e := i.session.store.engine
	near := at > i.asked && at-i.asked <= commitsPage
	if i.asked = at; !near {
		c, err := e.CommitOf(at)
		i.commits[at] = c
		return c, err
	}
	list, err := e.CommitsFrom(at, commitsPage)
	for _, c := range list {
		i.commits[c.SCN] = c
	}
	return i.commits[at], err
}
