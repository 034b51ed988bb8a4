package storage

import (
	"context"
	"errors"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/catalog"
)

// Tables are measured anew by themselves once they have more or fewer rows than when they were measured: by a fifth, and
// by staleRowsMin at least; and after they went back, if they have so many.
const (
	staleRowsMin   = 1000
	staleRowsShare = 5
)

// stale tells whether a table has changed much since it was measured.
func (s *Statistics) stale(def *catalog.Table) bool {
	rows, measured := s.store.engine.Rows(def.ID), uint64(0)
	if known := s.table(def); known != nil {
		measured = known.Rows
		if rows >= staleRowsMin && s.wentBack(def, known.CreatedMicros) {
			return true
		}
	}
	change := max(rows, measured) - min(rows, measured)
	return change >= staleRowsMin && change >= measured/staleRowsShare
}

// wentBack tells whether a table went back after a time.
func (s *Statistics) wentBack(def *catalog.Table, micros int64) bool {
	e := s.store.engine
	rewinds := e.Catalog().Rewinds(def.ID)
	if len(rewinds) == 0 {
		return false
	}
	at, err := e.SCNToTime(rewinds[len(rewinds)-1].At)
	return err == nil && at > micros
}

// restPerWork is how long measuring rests for the time that it has worked: it takes a fifth of a processor at most.
const restPerWork = 4

// Refresh measures the tables that have changed much since they were measured, at a gentle pace, and tells how many it
// has measured. newContext makes the context of a session of its own for each table.
func (s *Statistics) Refresh(ctx context.Context, newContext func() (*gsql.Context, *Session)) (refreshed int, err error) {
	for _, def := range s.store.engine.Catalog().AllTables() {
		if ctx.Err() != nil {
			return refreshed, nil
		}
		if !s.stale(def) {
			continue
		}
		sqlCtx, session := newContext()
		measureErr := s.refresh(ctx, sqlCtx, def)
		session.SessionEnd()
		if measureErr != nil && ctx.Err() == nil {
			err = errors.Join(err, measureErr)
			continue
		}
		refreshed++
	}
	return refreshed, err
}

func (s *Statistics) refresh(ctx context.Context, sqlCtx *gsql.Context, def *catalog.Table) error {
	owner, ok := s.store.engine.Catalog().SchemaByID(def.Schema)
	if !ok {
		return nil // dropped meanwhile
	}
	t, err := (&Database{store: s.store, name: owner.Name}).table(def)
	if err != nil {
		return err
	}
	began := time.Now()
	return s.analyze(sqlCtx, t, func() error {
		worked := time.Since(began)
		if worked < time.Millisecond {
			return ctx.Err()
		}
		timer := time.NewTimer(restPerWork * worked)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			began = time.Now()
			return nil
		}
	})
}
