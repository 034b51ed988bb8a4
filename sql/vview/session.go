package vview

import (
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/telemetry"
)

// Sessions is V$SESSION: every session of a client and every piece of background work, and what it does now.
func Sessions(a *Activity) *View {
	columns := []Column{
		{"sid", numberType, "number of the connection; 0 for background work"},
		{"serial", numberType, "tells apart sessions that had the same place"},
		{"type", textType, "USER or BACKGROUND"},
		{"username", textType, "user of the database; NULL before the login, and for background work"},
		{"machine", textType, "address of the client"},
		{"program", textType, "what the client says it is (connection attribute program_name, else _client_name); the name of background work"},
		{"logon_time", timeType, "when the session began, UTC"},
		{"status", textType, "ACTIVE while a statement runs, INACTIVE otherwise"},
		{"state", textType, "ON CPU: it runs, or reads what the store's cache lacks; WAITING: for the event; IDLE: it has nothing to do"},
		{"event", textType, "what it waits for; NULL on the CPU"},
		{"wait_class", textType, "class of the event"},
		{"seconds_in_wait", numberType, "seconds since samples first saw it in this wait, right within 0.1 s; NULL if none did yet"},
		{"blocking_session", numberType, "session that it waits for; it may be idle in a transaction. NULL: none"},
		{"blocking_xid", numberType, "transaction, or owner of locks on tables, that it waits for"},
		{"sql_id", textType, "digest of the running statement, as in V$SQL"},
		{"prev_sql_id", textType, "digest of the latest statement, if none runs"},
		{"command", textType, "kind of the running statement: select, insert …"},
		{"sql_exec_id", numberType, "number of the statement in its session"},
		{"sql_exec_start", timeType, "when the statement began, UTC"},
		{"elapsed_us", numberType, "microseconds since it began"},
		{"rows_read", numberType, "rows that the running statement has read from tables so far, in steps of 128"},
		{"rows_sent", numberType, "rows that it has sent to its client so far"},
		{"current_obj", numberType, "id of the table or index that it touched last"},
		{"current_object", textType, "name of that"},
		{"xid", numberType, "its open transaction; NULL: none"},
		{"read_scn", numberType, "SCN that the running or latest statement reads"},
		{"commit_scn", numberType, "SCN of its latest commit"},
	}
	return New("V$SESSION", "sessions, and what each does now", columns, func(*gsql.Context) ([]gsql.Row, error) {
		all := a.Slots.All()
		by, names, now := owners(all), &objectNames{engine: a.Engine}, time.Now().UnixMicro()
		rows := make([]gsql.Row, len(all))
		for i := range all {
			rows[i] = a.session(&all[i], by, names, now)
		}
		return rows, nil
	})
}

func (a *Activity) session(l *telemetry.Look, by map[uint64]uint32, names *objectNames, now int64) gsql.Row {
	kind, status := "USER", "INACTIVE"
	if l.Who.Background {
		kind = "BACKGROUND"
	}
	if l.State() != "IDLE" {
		status = "ACTIVE"
	}
	var running, previous, command, began, elapsed, read, sent any
	if l.Active {
		running, command, began = sqlID(l.SQL), orNull(l.Kind), instant(l.Began)
		elapsed, read, sent = uint64(max(now-l.Began, 0)), l.Rows, l.Sent
	} else {
		previous = sqlID(l.SQL)
	}
	event, class := eventOrNull(l.Shown())
	var waited any
	if since := a.since(l); since != 0 && event != nil {
		waited = uint64(max(now-since, 0)) / 1e6
	}
	return gsql.Row{
		uint64(l.Who.Session), uint64(l.Who.Serial), kind, orNull(l.Who.User), orNull(l.Who.Host), orNull(l.Who.Program), instant(l.Who.Since),
		status, l.State(), event, class, waited, number(blockerOf(l, by)), number(l.Blocker), running, previous, command, number(l.Call), began,
		elapsed, read, sent, number(l.Object), names.of(l.Object), number(l.XID), number(l.ReadSCN), number(l.CommitSCN),
	}
}

// blockerOf is the session that another waits for; 0 if it is not known.
func blockerOf(l *telemetry.Look, by map[uint64]uint32) uint32 {
	if l.Blocker == 0 {
		return 0
	}
	if l.Event == telemetry.UserLock {
		return uint32(l.Blocker)
	}
	return by[l.Blocker]
}
