package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"redoubt/internal/shell"
	"redoubt/sql/logmine"
)

// online asks a node for events, by V$LOGMNR_CONTENTS.
func online(ctx context.Context, o shell.Options, f logmine.Filter, give func(iter.Seq2[*logmine.Event, error]) error) error {
	conn, closeConn, err := shell.Connect(ctx, o)
	if err != nil {
		return err
	}
	defer closeConn()
	if _, err := conn.ExecContext(ctx, "SET time_zone = '+00:00'"); err != nil {
		return err
	}
	columns := "SCN, START_SCN, `TIMESTAMP`, XID, OPERATION, SEG_OWNER, TABLE_NAME, USERNAME, SESSION_INFO"
	if f.Bare {
		columns += ", NULL, NULL, NULL, NULL, NULL"
	} else {
		columns += ", ROW_ID, SQL_REDO, SQL_UNDO, OLD_VALUES, NEW_VALUES"
	}
	where, arguments := conditions(&f)
	rows, err := conn.QueryContext(ctx, "SELECT "+columns+" FROM redoubt.V$LOGMNR_CONTENTS"+where, arguments...)
	if err != nil {
		return err
	}
	defer rows.Close()
	return give(eventsOf(rows))
}

// conditions makes the filter SQL.
func conditions(f *logmine.Filter) (where string, arguments []any) {
	var list []string
	add := func(wanted bool, condition string, argument any) {
		if wanted {
			list, arguments = append(list, condition), append(arguments, argument)
		}
	}
	add(f.FromSCN > 0, "SCN >= ?", f.FromSCN)
	add(f.ToSCN > 0, "SCN <= ?", f.ToSCN)
	add(!f.FromTime.IsZero(), "`TIMESTAMP` >= ?", f.FromTime.Format(timeLayout))
	add(!f.ToTime.IsZero(), "`TIMESTAMP` <= ?", f.ToTime.Format(timeLayout))
	add(f.Schema != "", "LOWER(SEG_OWNER) = LOWER(?)", f.Schema)
	add(f.Table != "", "LOWER(TABLE_NAME) = LOWER(?)", f.Table)
	add(f.Key != "", "ROW_ID = CAST(? AS JSON)", f.Key)
	add(f.XID != 0, "XID = ?", f.XID)
	add(f.User != "", "USERNAME = ?", f.User)
	add(f.Operation != "", "OPERATION = ?", strings.ToUpper(f.Operation))
	if len(list) > 0 {
		where = " WHERE " + strings.Join(list, " AND ")
	}
	return where, arguments
}

// eventsOf reads events from rows. Each is given when it is known whether it is its transaction's last.
func eventsOf(rows *sql.Rows) iter.Seq2[*logmine.Event, error] {
	return func(yield func(*logmine.Event, error) bool) {
		var held *logmine.Event
		for rows.Next() {
			e, err := eventOf(rows)
			if err != nil {
				yield(nil, err)
				return
			}
			if held != nil {
				held.Last = held.SCN != e.SCN
				if !yield(held, nil) {
					return
				}
			}
			held = e
		}
		if err := rows.Err(); err != nil {
			yield(nil, err)
			return
		}
		if held != nil {
			held.Last = true
			yield(held, nil)
		}
	}
}

func eventOf(rows *sql.Rows) (*logmine.Event, error) {
	var e logmine.Event
	var at string
	var schema, table, user, session, key, redo, undo, before, after sql.NullString
	err := rows.Scan(&e.SCN, &e.StartSCN, &at, &e.XID, &e.Operation, &schema, &table, &user, &session, &key, &redo, &undo, &before, &after)
	if err != nil {
		return nil, err
	}
	if e.Time, err = time.Parse("2006-01-02 15:04:05.999999", at); err != nil {
		return nil, fmt.Errorf("time of SCN %s: %w", strconv.FormatUint(e.SCN, 10), err)
	}
	e.Schema, e.Table, e.User, e.Redo, e.Undo = schema.String, table.String, user.String, redo.String, undo.String
	e.Host, e.Program = sessionOf(session.String)
	for _, image := range []struct {
		to   *json.RawMessage
		from sql.NullString
	}{{&e.Key, key}, {&e.Before, before}, {&e.After, after}} {
		if image.from.Valid {
			*image.to = json.RawMessage(image.from.String)
		}
	}
	return &e, nil
}

// sessionOf takes host=… program=… apart.
func sessionOf(text string) (host, program string) {
	before, program, _ := strings.Cut(text, "program=")
	host, _ = strings.CutPrefix(strings.TrimSpace(before), "host=")
	return host, program
}
