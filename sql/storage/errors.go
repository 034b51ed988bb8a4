package storage

import (
	"errors"
	"fmt"
	"strings"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/engine/lock"
	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/sql/sqlcode"
	"redoubt/wal/redo"
)

// engineError gives an error of the engine the number by which MySQL clients know it.
func engineError(err error) error {
	var conflict *txn.ConflictError
	var floor *txn.FloorError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &floor):
		return sqlcode.BeforeFloor(floor)
	case errors.As(err, &conflict):
		return sqlcode.Conflict(errors.New(conflict.Where()))
	case errors.Is(err, txn.ErrConflict):
		return sqlcode.Conflict(nil)
	case errors.Is(err, txn.ErrStale):
		return sqlcode.New(sqlcode.IDStale)
	case errors.Is(err, lock.ErrDeadlock):
		return sqlcode.New(sqlcode.IDDeadlock)
	case errors.Is(err, lock.ErrTimeout):
		return sqlcode.New(sqlcode.IDLockTimeout)
	case errors.Is(err, lock.ErrBusy):
		return sqlcode.New(sqlcode.IDLockBusy)
	case errors.Is(err, txn.ErrOutcomeUnknown):
		return sqlcode.OutcomeUnknown(err)
	case errors.Is(err, txn.ErrNoLeader):
		return sqlcode.NotLeader(err)
	case errors.Is(err, txn.ErrReadOnly):
		return gsql.ErrReadOnlyTransaction.New()
	case errors.Is(err, engine.ErrNoNumbers):
		return sqlcode.New(sqlcode.IDNoNumbers)
	case errors.Is(err, txn.ErrTooLarge):
		return sqlcode.TooLarge(err.Error())
	}
	return err
}

// pastError explains why a point in the past cannot be read.
func pastError(s *Store, at scn.SCN, err error) error {
	if errors.Is(err, txn.ErrFuture) {
		return sqlcode.AsOfFuture("SCN "+at.String(), s.engine.Applied().String())
	}
	return fmt.Errorf("view at SCN %d: %w", at, err)
}

// changeError turns an error of a change into what the SQL engine expects: duplicates carry the row that is in the
// way, for REPLACE, IGNORE and ON DUPLICATE KEY UPDATE.
func (e *editor) changeError(err error) error {
	var duplicate *txn.DuplicateKeyError
	if !errors.As(err, &duplicate) {
		return engineError(err)
	}
	existing, decodeErr := e.table.shape.Decode(duplicate.Existing)
	if decodeErr != nil {
		return decodeErr
	}
	return gsql.NewUniqueKeyErr(DuplicateText(e.table.def, duplicate), duplicate.Index == primaryName, existing)
}

// duplicateText is MySQL's text of a duplicate key: programs read the key's name in it.
func duplicateText(def *catalog.Table, index string, columns []catalog.IndexColumn, key []redo.Value, row redo.Row) string {
	return fmt.Sprintf("Duplicate entry '%s' for key '%s.%s'", showKey(def, columns, key, row), def.Name, index)
}

func showKey(def *catalog.Table, columns []catalog.IndexColumn, key []redo.Value, row redo.Row) string {
	parts := make([]string, 0, len(columns))
	for i, p := range columns {
		var v redo.Value
		if i < len(key) {
			v = key[i]
		} else if c, ok := def.ColumnByID(p.Column); ok {
			v = c.Of(row)
		}
		if v.Kind() == redo.String || v.Kind() == redo.JSON {
			parts = append(parts, string(v.Data()))
			continue
		}
		parts = append(parts, v.String())
	}
	return strings.Join(parts, "-")
}
