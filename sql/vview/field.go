package vview

import gsql "github.com/dolthub/go-mysql-server/sql"

// Field is a column whose value is computed only if somebody wants it.
type Field[T any] struct {
	Column
	Value func(T) any

	// What Value gives, before it is a value of a row, which takes memory and time: one of these, or none.
	number func(T) (uint64, bool) // false: NULL
	text   func(T) (string, bool) // so
	time   func(T) int64          // microseconds since 1970; 0: NULL
}

// numberField is a column of numbers, none of which is NULL.
func numberField[T any](name, help string, of func(T) uint64) Field[T] {
	return Field[T]{Column: Column{name, numberType, help}, Value: func(t T) any { return of(t) }, number: func(t T) (uint64, bool) { return of(t), true }}
}

// averageField is a column of numbers that are a sum, divided by a count; NULL if that is 0.
func averageField[T any](name, help string, sum, count func(T) uint64) Field[T] {
	average := func(t T) (uint64, bool) {
		n := count(t)
		return sum(t) / max(n, 1), n > 0
	}
	return Field[T]{Column: Column{name, numberType, help}, number: average, Value: func(t T) any {
		if n, ok := average(t); ok {
			return n
		}
		return nil
	}}
}

// timeField is a column of times, in microseconds since 1970; NULL stands for 0.
func timeField[T any](name, help string, of func(T) int64) Field[T] {
	return Field[T]{Column: Column{name, timeType, help}, Value: func(t T) any { return instant(of(t)) }, time: of}
}

// textField is a column of texts, none of which is NULL.
func textField[T any](name, help string, of func(T) string) Field[T] {
	return Field[T]{
		Column: Column{name, textType, help}, Value: func(t T) any { return of(t) },
		text: func(t T) (string, bool) { return of(t), true },
	}
}

// textOrNullField is a column of texts; NULL stands for an empty one.
func textOrNullField[T any](name, help string, of func(T) string) Field[T] {
	return Field[T]{
		Column: Column{name, textType, help}, Value: func(t T) any { return orNull(of(t)) },
		text: func(t T) (string, bool) { s := of(t); return s, s != "" },
	}
}

// maker makes rows. They share memory: to allocate each alone takes longer than to compute its values.
type maker[T any] struct {
	fields []*Field[T]
	latest []value // by field; of texts
	space  []any   // for rows that are to come
	rows   int     // that the next space is for
}

// value is a text, and what it is in a row. Many things have the same kind and schema.
type value struct {
	text  string
	boxed any
}

// spaceRows is for how many rows space is made at once, at most.
const spaceRows = 64

func newMaker[T any](fields []*Field[T]) *maker[T] {
	return &maker[T]{fields: fields, latest: make([]value, len(fields)), rows: 1}
}

func (m *maker[T]) row(t T) gsql.Row {
	n := len(m.fields)
	if n == 0 {
		return gsql.Row{}
	}
	if len(m.space) == 0 {
		m.space = make([]any, m.rows*(n+1))
		m.rows = min(2*m.rows, spaceRows)
	}
	row := m.space[: n : n+1] // a sort adds one
	m.space = m.space[n+1:]
	for c, f := range m.fields {
		if f.text == nil {
			row[c] = f.Value(t)
			continue
		}
		text, ok := f.text(t)
		if !ok {
			continue
		}
		if latest := &m.latest[c]; latest.boxed == nil || latest.text != text {
			*latest = value{text, text}
		}
		row[c] = m.latest[c].boxed
	}
	return row
}
