package short

import (
	"sync/atomic"

	querypb "github.com/dolthub/vitess/go/vt/proto/query"

	"redoubt/engine/catalog"
	"redoubt/engine/lock"
	"redoubt/sql/datatype"
)

// plan is what a template does, for one dictionary.
type plan struct {
	catalog *catalog.Snapshot
	refused refusal // why the template goes the full way; taken if it does not
	table   *table
	past    *operand // the SCN at which the table is read; nil for now
	where   access
	action  action
	fields  atomic.Pointer[[]*querypb.Field] // of a query, once the SQL engine has given them
}

// action is one of *query, *change, *removal, *insertion and storage.Transition.
type action any

// table is the table of a plan.
type table struct {
	database, name string
	def            *catalog.Table
	shape          *datatype.Shape
	columns        []column // in ordinal order
}

// operand names an argument.
type operand struct {
	slot     int
	negative bool
}

// interval is the values between two arguments.
type interval struct {
	low, high         *operand // nil for no bound
	lowOpen, highOpen bool     // the bound itself is not in it
}

func (i *interval) isPoint() bool { return i.low != nil && i.low == i.high }

// condition says that the value of a column lies in one of some intervals.
type condition struct {
	column    int
	intervals []interval
}

func (c *condition) isPoint() bool { return len(c.intervals) == 1 && c.intervals[0].isPoint() }

// access is how rows are found.
type access struct {
	index   *catalog.Index // nil: the primary key
	parts   []catalog.IndexColumn
	prefix  []condition // each fixes one of the leading columns of the key
	last    *condition  // bounds the column behind them; nil if there is none
	filters []condition // what rows must satisfy besides
	keys    bool        // rows are only counted: their keys are enough
	columns []uint32    // the ids of the columns that are looked at, ascending; nil for all
	single  bool        // at most one row is found
}

// query is a SELECT.
type query struct {
	outputs  []output
	order    []orderColumn
	sorted   bool // the key gives the order
	reverse  bool // read backwards
	distinct bool
	adjacent bool // sorting brings the rows together that DISTINCT makes one
	limit    *operand
	offset   *operand
	lock     rowLock
}

// rowLock is the lock that a query takes on the rows that it reads.
type rowLock struct {
	set  bool
	mode lock.Mode
	skip bool // rows that others have are left out
}

// locks tells whether the query locks the rows that it reads.
func (q *query) locks() bool { return q.lock.set }

// groups tells whether the query gives one row of aggregates.
func (q *query) groups() bool { return len(q.outputs) > 0 && q.outputs[0].aggregate != noAggregate }

type aggregate uint8

const (
	noAggregate aggregate = iota
	countRows
	countValues
	sumValues
	minValue
	maxValue
)

// output is a column of a result: one of the table's, or an aggregate of one.
type output struct {
	aggregate aggregate
	column    int // -1 for COUNT(*)
}

type orderColumn struct {
	column     int
	descending bool
}

// assignment gives a column a value: an argument, or the column's own value and one.
type assignment struct {
	column   int
	from     source
	value    operand // of anArgument, plus and minus
	inserted int     // of insertedColumn: a column of the row that could not be inserted
}

type source uint8

const (
	anArgument source = iota
	plusArgument
	minusArgument
	insertedColumn
	plusInserted
	nullLiteral
)

// change is an UPDATE.
type change struct {
	set    []assignment
	stamps []int // columns that are set to the present time if a row changes
}

// removal is a DELETE.
type removal struct{}

// insertion is an INSERT.
type insertion struct {
	values    []insertValue // by ordinal of the column
	slots     int           // of one row
	auto      int           // the AUTO_INCREMENT column, -1 for none
	autoGiven bool          // it is among the columns of the statement
	onKey     []assignment  // of ON DUPLICATE KEY UPDATE
	updates   bool          // there is one
	stamps    []int         // as in change
}

// insertValue is what a column of a new row gets.
type insertValue struct {
	from  insertSource
	value operand // slot within the row
}

type insertSource uint8

const (
	givenValue insertSource = iota
	defaultValue
)
