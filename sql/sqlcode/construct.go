package sqlcode

import (
	"fmt"

	"redoubt/engine/txn"
)

// Syntax reports a statement that the grammar refuses; text quotes the place.
func Syntax(text string) *Error { return New(IDSyntax, text) }

// Unsupported reports a feature that this version does not have.
func Unsupported(feature string) *Error { return New(IDUnsupported, feature) }

// RowLock reports a lock clause in a place where it cannot be kept, e.g. "around a UNION".
func RowLock(place string) *Error { return New(IDRowLock, place) }

// MultiPrepare reports several statements in one prepare; count is words, e.g. "2".
func MultiPrepare(count string) *Error { return New(IDMultiPrepare, count) }

// CommandArgument reports an argument of one of our own statements that has no usable value.
func CommandArgument(text string) *Error { return New(IDCommandArgument, text) }

// TooDeep reports a statement whose tree would be too deep; what says where, e.g. "more than 300 UNIONs".
func TooDeep(what string) *Error { return New(IDTooDeep, what) }

// StatementMemory reports a statement that holds too many rows; the limit is in MiB.
func StatementMemory(limit int64) *Error { return New(IDStatementMemory, fmt.Sprint(limit)) }

// BadAsOf reports an AS OF expression whose value names no point in time.
func BadAsOf(reason string) *Error { return New(IDBadAsOf, reason) }

// BeforeFloor reports a point below the oldest one that is kept: which one that is, and what sets it.
func BeforeFloor(e *txn.FloorError) *Error {
	return New(IDAsOfBeforeFloor, e.Point(), e.Oldest())
}

// AsOfFuture reports a point after the newest SCN.
func AsOfFuture(point, newest string) *Error { return New(IDAsOfFuture, point, newest) }

// NoRestorePoint reports a name that no restore point has.
func NoRestorePoint(name string) *Error { return New(IDNoRestorePoint, name) }

// RestorePointExists reports a name that is taken.
func RestorePointExists(name string) *Error { return New(IDRestorePointDup, name) }

// RestorePointName reports a name that a restore point must not have.
func RestorePointName(name string) *Error { return New(IDRestorePointName, name) }

// AsOfWrite reports AS OF at a table that the statement writes; verb is e.g. "UPDATE".
func AsOfWrite(verb string) *Error { return New(IDAsOfWrite, verb) }

// AsOfNoTable reports a table that did not exist at the point.
func AsOfNoTable(table, point string) *Error { return New(IDAsOfNoTable, table, point) }

// RowSCN reports a place where ORA_ROWSCN cannot stand.
func RowSCN(reason string) *Error { return New(IDRowSCN, reason) }

// Conflict reports a commit that certification refused; err says what was met and may be nil.
func Conflict(err error) *Error { return wrap(IDConflict, err, because(err)) }

// OutcomeUnknown reports a commit of which it is not known whether it took place.
func OutcomeUnknown(err error) *Error { return wrap(IDOutcomeUnknown, err, because(err)) }

// NotLeader reports that no node can be found that takes commits, or that confirms what is newest.
func NotLeader(err error) *Error { return wrap(IDNotLeader, err, because(err)) }

// LogFailed reports a redo log that cannot be written.
func LogFailed(err error) *Error { return wrap(IDLogFailed, err, because(err)) }

// TooLarge reports a transaction whose redo is larger than allowed; sizes is words, e.g. "70 MB, the limit is 64 MB".
func TooLarge(sizes string) *Error { return New(IDTooLarge, sizes) }

// UnknownTable reports a table that does not exist; name may be qualified.
func UnknownTable(name string) *Error { return New(IDUnknownTable, name) }

// UnknownDatabase reports a database that does not exist.
func UnknownDatabase(name string) *Error { return New(IDUnknownDatabase, name) }

// Internal reports a defect of ours.
func Internal(err error) *Error { return wrap(IDInternal, err, err.Error()) }

func because(err error) string {
	if err == nil {
		return ""
	}
	return ": " + err.Error()
}
