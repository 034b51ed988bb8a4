package main

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"redoubt/internal/shell"
	"redoubt/node"
)

// onlinePieces asks a node for the files of its log, by V$LOG.
func onlinePieces(ctx context.Context, o shell.Options) (list []node.LogPiece, err error) {
	conn, closeConn, err := shell.Connect(ctx, o)
	if err != nil {
		return nil, err
	}
	defer closeConn()
	if _, err := conn.ExecContext(ctx, "SET time_zone = '+00:00'"); err != nil {
		return nil, err
	}
	rows, err := conn.QueryContext(ctx, "SELECT file, kind, first_scn, last_scn, first_time, last_time, transactions, bytes, redo_bytes FROM redoubt.V$LOG")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		p, err := onlinePiece(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, rows.Err()
}

func onlinePiece(rows *sql.Rows) (p node.LogPiece, err error) {
	var first, last, redo sql.NullInt64
	var firstTime, lastTime sql.NullString
	if err := rows.Scan(&p.File, &p.Kind, &first, &last, &firstTime, &lastTime, &p.Transactions, &p.Bytes, &redo); err != nil {
		return p, err
	}
	p.FirstSCN, p.LastSCN, p.RawBytes = uint64(first.Int64), uint64(last.Int64), redo.Int64
	for _, at := range []struct {
		to   *time.Time
		from sql.NullString
	}{{&p.FirstTime, firstTime}, {&p.LastTime, lastTime}} {
		if !at.from.Valid {
			continue
		}
		if *at.to, err = time.Parse("2006-01-02 15:04:05.999999", at.from.String); err != nil {
			return p, fmt.Errorf("times of %s: %w", p.File, err)
		}
	}
	return p, nil
}
