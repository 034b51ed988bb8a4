package vview

import (
	"fmt"
	"io"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/telemetry"
)

// Places of columns that windows are asked by.
const (
	ashID = iota
	ashTime
)

// ashColumns are those of all views of samples. Oracle's names, but for # at their ends, which begins a comment in MySQL.
func ashColumns() []Column {
	return []Column{
		{"sample_id", numberType, "number of the moment: tenths of a second since 1970. Rows with the same one were seen at once"},
		{"sample_time", timeType, "the moment, UTC"},
		{"usecs_per_row", numberType, "microseconds that the row stands for: sums of it are time"},
		{"session_id", numberType, "number of the connection; 0 for background work"},
		{"session_serial", numberType, "as V$SESSION.SERIAL"},
		{"session_type", textType, "FOREGROUND or BACKGROUND"},
		{"user_name", textType, "user of the database"},
		{"machine", textType, "address of the client"},
		{"program", textType, "what the client says it is, or the name of background work"},
		{"session_state", textType, "ON CPU or WAITING"},
		{"event", textType, "what it waited for; NULL on the CPU"},
		{"wait_class", textType, "class of the event; NULL on the CPU"},
		{"time_waited", numberType, "microseconds since a sample first saw it in this wait"},
		{"sql_id", textType, "digest of the statement, as in V$SQL"},
		{"sql_opname", textType, "kind of the statement: select, insert …"},
		{"sql_exec_id", numberType, "number of the statement in its session"},
		{"sql_exec_start", timeType, "when the statement began, UTC"},
		{"sql_plan_line_id", numberType, "line of its plan; NULL: not known"},
		{"blocking_session_status", textType, "VALID: blocking_session is known; NO HOLDER: it waits for no session; UNKNOWN: for one that could not be found"},
		{"blocking_session", numberType, "session that it waited for"},
		{"blocking_xid", numberType, "transaction, or owner of locks on tables, that it waited for"},
		{"current_obj", numberType, "id of the table or index that it touched last"},
		{"current_object", textType, "name of that, as it is called now"},
		{"rows_read", numberType, "rows that the statement had read from tables"},
		{"xid", numberType, "its transaction"},
		{"read_scn", numberType, "SCN that the statement reads"},
		{"commit_scn", numberType, "SCN of the session's latest commit"},
	}
}

// ActiveSessionHistory is V$ACTIVE_SESSION_HISTORY: what each active session did, each second of the last hour or so.
func ActiveSessionHistory(a *Activity) *Asking {
	return history("V$ACTIVE_SESSION_HISTORY", "what each active session did, each second of the last hour or so", a,
		func(s Samples) readSamples { return s.Seconds })
}

// ActiveSessionHistoryFine is V$ACTIVE_SESSION_HISTORY_FINE: the same, each 100 ms of the last minutes.
func ActiveSessionHistoryFine(a *Activity) *Asking {
	return history("V$ACTIVE_SESSION_HISTORY_FINE", "what each active session did, each 100 ms of the last minutes", a,
		func(s Samples) readSamples { return s.Fine })
}

// ThinnedSessionHistory is DBA_HIST_ACTIVE_SESS_HISTORY: one of ten samples, on disk.
func ThinnedSessionHistory(a *Activity) *Asking {
	return history("DBA_HIST_ACTIVE_SESS_HISTORY", "what each active session of this node did, each ten seconds, on disk", a,
		func(s Samples) readSamples { return s.Thinned })
}

type readSamples func(from, to int64, yield func(*telemetry.Sample) bool) error

func history(name, comment string, a *Activity, source func(Samples) readSamples) *Asking {
	return NewAsking(name, comment, ashColumns(), func(ctx *gsql.Context, asked *Asked) (gsql.RowIter, error) {
		if a.Samples == nil {
			return gsql.RowsToRowIter(), nil
		}
		from, to := asked.moments(ctx)
		names := &objectNames{engine: a.Engine}
		// Samples are kept, not rows: a sample takes a tenth of what its row takes.
		var samples []telemetry.Sample
		err := source(a.Samples)(from, to, func(s *telemetry.Sample) bool {
			samples = append(samples, *s)
			return ctx.Err() == nil
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return &sampleIter{samples: samples, names: names}, nil
	})
}

// moments gives the window that is asked for.
func (a *Asked) moments(ctx *gsql.Context) (from, to int64) {
	from, to = 0, 1<<62
	low, high := a.TimeBounds(ctx, ashTime)
	if low != nil {
		from = low.UnixMicro()
	}
	if high != nil {
		to = high.UnixMicro() + 1
	}
	first, last := a.NumberBounds(ctx, ashID)
	const tenth = int64(100 * time.Millisecond / time.Microsecond)
	if first > 0 && first < 1<<40 {
		from = max(from, int64(first)*tenth)
	}
	if last < 1<<40 {
		to = min(to, int64(last+1)*tenth)
	}
	return from, to
}

// sampleIter gives samples as rows, the newest first.
type sampleIter struct {
	samples []telemetry.Sample
	names   *objectNames
}

// Next implements gsql.RowIter.
func (i *sampleIter) Next(*gsql.Context) (gsql.Row, error) {
	n := len(i.samples)
	if n == 0 {
		return nil, io.EOF
	}
	s := &i.samples[n-1]
	i.samples = i.samples[:n-1]
	event, class := eventOrNull(s.Event)
	status := "NO HOLDER"
	if s.BlockedBy != 0 {
		status = "VALID"
	} else if s.Blocker != 0 {
		status = "UNKNOWN"
	}
	return gsql.Row{
		s.ID, time.UnixMicro(s.Micros).UTC(), uint64(s.Weight), uint64(s.Session), uint64(s.Serial), sessionType(s.Background), orNull(s.User),
		orNull(s.Host), orNull(s.Program), s.State(), event, class, uint64(max(s.Waited, 0)), sqlID(s.SQL), orNull(s.Kind), number(s.Exec),
		instant(s.Began), number(uint64(s.Line)), status, number(s.BlockedBy), number(s.Blocker), number(s.Object), i.names.of(s.Object),
		s.Rows, number(s.XID), number(s.ReadSCN), number(s.CommitSCN),
	}, nil
}

// Close implements gsql.RowIter.
func (i *sampleIter) Close(*gsql.Context) error {
	i.samples = nil
	return nil
}
