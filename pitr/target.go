package pitr

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"redoubt/engine/catalog"
	"redoubt/scn"
	"redoubt/segments"
	"redoubt/wal/redo"
)

// Target is where a recovery goes; the zero value is the newest commit. At most one field is set.
type Target struct {
	SCN          scn.SCN
	Time         time.Time // the last commit at or before it
	RestorePoint string
	Transaction  uint64 // its commit, by its id
	Before       uint64 // the commit right before that of a transaction
}

// String is the target in words.
func (t Target) String() string {
	switch {
	case t.SCN != 0:
		return "SCN " + t.SCN.String()
	case !t.Time.IsZero():
		return "time " + t.Time.UTC().Format("2006-01-02 15:04:05.000000") + " UTC"
	case t.RestorePoint != "":
		return "restore point " + t.RestorePoint
	case t.Transaction != 0:
		return fmt.Sprint("transaction ", t.Transaction)
	case t.Before != 0:
		return fmt.Sprint("right before transaction ", t.Before)
	}
	return "the newest commit"
}

// ErrNoTarget is returned if the log does not have the point.
var ErrNoTarget = errors.New("the log does not reach it")

// Resolve gives the SCN that a target names in a part of a log.
func (t Target) Resolve(ctx context.Context, log *segments.Catalog, within scn.Range) (at scn.SCN, err error) {
	switch {
	case t.SCN != 0:
		at = t.SCN
	case !t.Time.IsZero():
		at, err = lastAt(ctx, log, within, t.Time.UnixMicro())
	case t.RestorePoint != "":
		at, err = restorePoint(ctx, log, within, t.RestorePoint)
	case t.Transaction != 0:
		at, err = transaction(ctx, log, within, t.Transaction)
	case t.Before != 0:
		if at, err = transaction(ctx, log, within, t.Before); err == nil {
			at--
		}
	default:
		at = within.To
	}
	if err == nil && (at == 0 || at < within.After || at > within.To) {
		err = fmt.Errorf("%s: %w: it has SCN %d to %d", t, ErrNoTarget, within.After+1, within.To)
	}
	return at, err
}

// TimeOf gives the commit time of an SCN, in microseconds; 0 if the log does not have it.
func TimeOf(ctx context.Context, log *segments.Catalog, at scn.SCN) (micros int64, err error) {
	if _, ok := log.Find(at); !ok {
		return 0, nil
	}
	err = scan(ctx, log, segments.Filter{SCNs: scn.Range{After: at - 1, To: at}}, func(r *segments.Record) (bool, error) {
		micros = r.TimeMicros
		return false, nil
	})
	return micros, err
}

// scan gives records until each says false.
func scan(ctx context.Context, log *segments.Catalog, f segments.Filter, each func(*segments.Record) (bool, error)) (err error) {
	it := log.Scan(f)
	defer func() { err = errors.Join(err, it.Close()) }()
	for it.Next() {
		r := it.Record()
		if more, err := each(&r); err != nil || !more {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return it.Err()
}

func lastAt(ctx context.Context, log *segments.Catalog, within scn.Range, micros int64) (at scn.SCN, err error) {
	if micros <= 0 { // which a filter takes for no limit
		return 0, fmt.Errorf("there was no commit at %s: %w", time.UnixMicro(micros).UTC(), ErrNoTarget)
	}
	err = scan(ctx, log, segments.Filter{SCNs: within, ToMicros: micros}, func(r *segments.Record) (bool, error) {
		at = r.SCN
		return true, nil
	})
	if err == nil && at == 0 {
		err = fmt.Errorf("there was no commit at %s: %w", time.UnixMicro(micros).UTC(), ErrNoTarget)
	}
	return at, err
}

// restorePoint finds the newest restore point of a name.
func restorePoint(ctx context.Context, log *segments.Catalog, within scn.Range, name string) (at scn.SCN, err error) {
	filter := segments.Filter{SCNs: within, Tables: []uint64{uint64(catalog.RestorePointsSpace)}}
	err = scan(ctx, log, filter, func(r *segments.Record) (bool, error) {
		t, err := redo.DecodeTransaction(r.Payload)
		if err != nil {
			return false, fmt.Errorf("SCN %d: %w", r.SCN, err)
		}
		for i := range t.Changes {
			c := &t.Changes[i]
			if c.Table != catalog.RestorePointsSpace || c.Op != redo.Insert {
				continue
			}
			if p := catalog.RestorePointOf(c.After); strings.EqualFold(p.Name, name) {
				at = p.SCN
			}
		}
		return true, nil
	})
	if err == nil && at == 0 {
		err = fmt.Errorf("restore point %s: %w", name, ErrNoTarget)
	}
	return at, err
}

func transaction(ctx context.Context, log *segments.Catalog, within scn.Range, xid uint64) (at scn.SCN, err error) {
	err = scan(ctx, log, segments.Filter{SCNs: within}, func(r *segments.Record) (bool, error) {
		id, err := redo.TransactionXID(r.Payload)
		if id == xid {
			at = r.SCN
		}
		return at == 0, err
	})
	if err == nil && at == 0 {
		err = fmt.Errorf("transaction %d: %w", xid, ErrNoTarget)
	}
	return at, err
}
