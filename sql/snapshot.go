package sql

import (
	"context"
	"errors"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/scn"
	"redoubt/sql/parser"
	"redoubt/sql/sqlcode"
	"redoubt/sql/vview"
)

// Snapshot is one that V$SNAPSHOT shows.
type Snapshot = vview.Snapshot

// DatabaseClone is one that V$CLONE shows.
type DatabaseClone = vview.DatabaseClone

// CloneRequest asks for a clone of the database: as a snapshot has it or, without one, as of an SCN.
type CloneRequest struct {
	Name     string
	Snapshot string
	SCN      scn.SCN
	Purpose  string
	Expires  time.Duration // from now; 0: never
}

// Snapshots makes and drops snapshots and clones of the whole database. It is safe for concurrent use.
type Snapshots interface {
	CreateSnapshot(ctx context.Context, name, description string) (Snapshot, error)
	DropSnapshot(ctx context.Context, name string) error
	Snapshots() ([]Snapshot, error)
	CreateClone(ctx context.Context, r CloneRequest) (DatabaseClone, error)
	DropClone(ctx context.Context, name string) error
	Clones() ([]DatabaseClone, error)
}

// ErrNoSnapshot is what Snapshots returns for a snapshot or clone that there is not.
var ErrNoSnapshot = errors.New("there is none of that name")

// shelf gives what makes snapshots, to somebody who may make them.
func (c commands) shelf(ctx *gsql.Context, statement string) (Snapshots, error) {
	if err := c.server.requireAdmin(ctx); err != nil {
		return nil, err
	}
	if c.server.options.Snapshots == nil {
		return nil, sqlcode.Unsupported(statement + " on this node")
	}
	return c.server.options.Snapshots, nil
}

// createSnapshot runs CREATE SNAPSHOT.
func (c commands) createSnapshot(ctx *gsql.Context, s *parser.CreateSnapshot) (gsql.RowIter, error) {
	shelf, err := c.shelf(ctx, s.CommandName())
	if err != nil {
		return nil, err
	}
	made, err := shelf.CreateSnapshot(ctx, s.Name, s.Description)
	if err != nil {
		return nil, sqlcode.New(sqlcode.IDSnapshot, err.Error())
	}
	when, err := wallClock(ctx, made.TimeMicros)
	return gsql.RowsToRowIter(gsql.Row{made.Name, uint64(made.SCN), when, made.StateHash}), err
}

// createClone runs CREATE CLONE DATABASE.
func (c commands) createClone(ctx *gsql.Context, s *parser.CreateClone) (gsql.RowIter, error) {
	shelf, err := c.shelf(ctx, s.CommandName())
	if err != nil {
		return nil, err
	}
	request := CloneRequest{Name: s.Name, Snapshot: s.Snapshot, Purpose: s.Purpose, Expires: s.Expires}
	if s.Moment != nil {
		own, err := session(ctx)
		if err != nil {
			return nil, err
		}
		if request.SCN, err = own.Resolve(ctx, s.Moment.At); err != nil {
			return nil, err
		}
	}
	made, err := shelf.CreateClone(ctx, request)
	if err != nil {
		return nil, sqlcode.New(sqlcode.IDSnapshot, err.Error())
	}
	row := gsql.Row{made.Name, uint64(made.SCN), nil, made.StateHash, nil, made.Dir}
	if row[2], err = wallClock(ctx, made.TimeMicros); err == nil && made.ExpiresMicros > 0 {
		row[4], err = wallClock(ctx, made.ExpiresMicros)
	}
	return gsql.RowsToRowIter(row), err
}

// dropShelved runs DROP SNAPSHOT and DROP CLONE DATABASE.
func (c commands) dropShelved(ctx *gsql.Context, s *parser.DropShelved) (gsql.RowIter, error) {
	shelf, err := c.shelf(ctx, s.CommandName())
	if err != nil {
		return nil, err
	}
	drop := shelf.DropSnapshot
	if s.Clone {
		drop = shelf.DropClone
	}
	err = drop(ctx, s.Name)
	if s.IfExists && errors.Is(err, ErrNoSnapshot) {
		err = nil
	}
	if err != nil {
		return nil, sqlcode.New(sqlcode.IDSnapshot, err.Error())
	}
	return done(), nil
}
