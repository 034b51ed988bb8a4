package redosql

import (
	"context"
	"fmt"
	"iter"

	"redoubt/engine/catalog"
	"redoubt/flashback/redolog"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// Past is what a scan needs to know of the past besides the log. The engine has it.
type Past interface {
	// CatalogAt is the dictionary as of an SCN.
	CatalogAt(at scn.SCN) (*catalog.Snapshot, error)
	// RowAt is the row with a key as of an SCN, which may be that of its own commit; false if there was none, or if the
	// version is no longer kept. The row is the caller's.
	RowAt(at scn.SCN, table *catalog.Table, key []byte) (redo.Row, bool, error)
}

// Line is one change of a row of a user's table in the log, or the definitions that a transaction changed.
type Line struct {
	Record      redolog.Record
	Transaction *redo.Transaction
	Dictionary  *catalog.Snapshot // as the transaction left it
	Statement   *redo.Statement   // that made the change; nil if it is not known
	// Number is the place, from 1, in which the change is taken back among those of its transaction. 0: it is not.
	Number int
	// Defines tells that the line is of a statement that changed definitions. The rest is then not set.
	Defines bool
	// Beside tells that the change came with changes of definitions, without which it cannot be taken back.
	Beside bool

	Table  *Table
	Change Change
	Key    []byte
	past   Past
}

// Scan gives the lines of transactions that pass a filter, in order of SCN. want, if it is not nil, is asked before the row
// is looked at whether a line is wanted: transactions that no table of the filter is in, and changes of other tables, are
// left out anyway.
func Scan(ctx context.Context, log redolog.Log, past Past, f redolog.Filter, want func(*Line) (bool, error)) iter.Seq2[*Line, error] {
	return func(yield func(*Line, error) bool) {
		s := scan{past: past, tables: map[scn.Space]bool{}, want: want, yield: yield}
		for _, id := range f.Tables {
			s.tables[id] = true
		}
		for record, err := range log.Scan(ctx, f) {
			if err == nil {
				err = s.record(record)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if s.stopped {
				return
			}
		}
	}
}

type scan struct {
	past    Past
	writer  Writer
	tables  map[scn.Space]bool // empty: all
	want    func(*Line) (bool, error)
	yield   func(*Line, error) bool
	stopped bool
}

func (s *scan) record(record redolog.Record) error {
	t, err := record.Decode()
	if err != nil {
		return err
	}
	line := Line{Record: record, Transaction: t, past: s.past}
	if line.Dictionary, err = s.past.CatalogAt(record.SCN); err != nil {
		return err
	}
	for i := range t.Changes {
		line.Beside = line.Beside || catalog.IsDictionary(t.Changes[i].Table)
	}
	if line.Beside && len(s.tables) == 0 {
		if err := s.definitions(line); err != nil || s.stopped {
			return err
		}
	}
	return s.changes(line)
}

// definitions gives a line for each statement that changed definitions.
func (s *scan) definitions(line Line) error {
	for i := range line.Transaction.Statements {
		l := line
		if l.Statement, l.Defines = &line.Transaction.Statements[i], true; l.Statement.Text == "" {
			continue
		}
		if err := s.give(&l); err != nil || s.stopped {
			return err
		}
	}
	return nil
}

func (s *scan) changes(line Line) error {
	numbers := undoOrder(line.Transaction, line.Dictionary)
	for i := range line.Transaction.Changes {
		c := &line.Transaction.Changes[i]
		if c.Table < catalog.FirstUserSpace || len(s.tables) > 0 && !s.tables[c.Table] {
			continue
		}
		l := line
		var err error
		if l.Table, err = s.table(&l, c.Table); err != nil {
			return err
		}
		l.Change, l.Key = Of(c), c.Key
		if !line.Beside {
			l.Number = numbers[i]
		}
		if int(c.Statement) < len(line.Transaction.Statements) {
			l.Statement = &line.Transaction.Statements[c.Statement]
		}
		if err := s.give(&l); err != nil || s.stopped {
			return err
		}
	}
	return nil
}

func (s *scan) give(l *Line) error {
	if s.want != nil {
		if wanted, err := s.want(l); err != nil || !wanted {
			return err
		}
	}
	s.stopped = !s.yield(l, nil)
	return nil
}

// table finds the definition of a table as a transaction left it or, if it dropped it, as it found it.
func (s *scan) table(l *Line, id scn.Space) (*Table, error) {
	dictionary := l.Dictionary
	def, ok := dictionary.TableByID(id)
	if !ok {
		var err error
		if dictionary, err = s.past.CatalogAt(l.Record.SCN - 1); err != nil {
			return nil, err
		}
		if def, ok = dictionary.TableByID(id); !ok {
			return nil, fmt.Errorf("SCN %d changes rows of table %d, which the dictionary does not have", l.Record.SCN, id)
		}
	}
	return s.writer.Table(dictionary, def)
}

// Whole gives the change with the whole row, if its SQL needs it; not ok if that is no longer kept.
func (l *Line) Whole() (c Change, ok bool, err error) {
	c = l.Change
	def := l.Table.Shape.Table
	if c.Op != redo.Update || len(def.PrimaryKey) > 0 {
		return c, true, nil
	}
	c.Whole, ok, err = l.past.RowAt(l.Record.SCN, def, l.Key)
	return c, ok, err
}

// Operation names what was done: INSERT, UPDATE, DELETE or DDL.
func (l *Line) Operation() string {
	if l.Defines {
		return "DDL"
	}
	return map[redo.Op]string{redo.Insert: "INSERT", redo.Update: "UPDATE", redo.Delete: "DELETE"}[l.Change.Op]
}

// notKept stands for SQL that cannot be written: nobody takes a comment for a statement.
const notKept = "/* the row as it was then is no longer kept: a table without primary key, beyond its retention */"

// Redo writes the statement that does the change again; for a change of definitions, the statement that was sent, from which
// changes that came with it follow: these have none.
func (l *Line) Redo() (string, bool, error) {
	if l.Defines {
		return l.Statement.Text, true, nil
	}
	if l.Beside {
		return "", false, nil
	}
	c, ok, err := l.Whole()
	if err != nil || !ok {
		return notKept, true, err
	}
	text, err := l.Table.Redo(c)
	return text, true, err
}

// Undo writes the statement that takes the change back; none for changes of definitions, and those that came with them.
func (l *Line) Undo() (string, bool, error) {
	if l.Defines || l.Beside {
		return "", false, nil
	}
	c, ok, err := l.Whole()
	if err != nil || !ok {
		return notKept, true, err
	}
	text, err := l.Table.Undo(c)
	return text, true, err
}
