package sql

import (
	"fmt"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"redoubt/sql/storage"
	"redoubt/sql/wire"
)

// kinds of statement, by their first word. All others count as "other".
var kinds = []string{
	"select", "insert", "update", "delete", "replace", "load", "call", "set", "show", "begin", "commit", "rollback",
	"ddl", "prepare", "other",
}

// figures are the metrics of a server. A nil Set keeps them to itself.
type figures struct {
	set        *metrics.Set
	statements map[string]*kindFigures
	retries    *metrics.Counter
	restarts   *metrics.Counter
	panics     *metrics.Counter
	analyzed   *metrics.Counter // tables whose statistics were refreshed in the background
	opened     *metrics.Counter
	closed     *metrics.Counter
	refused    map[wire.Reason]*metrics.Counter
	logins     map[bool]*metrics.Counter
}

type kindFigures struct {
	name         string
	done, failed *metrics.Counter
	seconds      *metrics.PrometheusHistogram
}

func newFigures(set *metrics.Set) *figures {
	if set == nil {
		set = metrics.NewSet()
	}
	f := &figures{
		set:        set,
		statements: map[string]*kindFigures{}, refused: map[wire.Reason]*metrics.Counter{},
		retries:  set.GetOrCreateCounter("redoubt_sql_statement_retries_total"),
		restarts: set.GetOrCreateCounter("redoubt_sql_statement_restarts_total"),
		analyzed: set.GetOrCreateCounter("redoubt_sql_statistics_refreshed_total"),
		panics:   set.GetOrCreateCounter("redoubt_sql_panics_total"),
		opened:   set.GetOrCreateCounter("redoubt_sql_connections_opened_total"),
		closed:   set.GetOrCreateCounter("redoubt_sql_connections_closed_total"),
		logins: map[bool]*metrics.Counter{
			true:  set.GetOrCreateCounter(`redoubt_sql_logins_total{tls="yes"}`),
			false: set.GetOrCreateCounter(`redoubt_sql_logins_total{tls="no"}`),
		},
	}
	for _, k := range kinds {
		f.statements[k] = &kindFigures{
			name:    k,
			done:    set.GetOrCreateCounter(fmt.Sprintf("redoubt_sql_statements_total{kind=%q}", k)),
			failed:  set.GetOrCreateCounter(fmt.Sprintf("redoubt_sql_statement_errors_total{kind=%q}", k)),
			seconds: set.GetOrCreatePrometheusHistogram(fmt.Sprintf("redoubt_sql_statement_seconds{kind=%q}", k)),
		}
	}
	for _, reason := range []wire.Reason{wire.TooManyConnections, wire.LoginTooSlow, wire.LoginMalformed, wire.TLSMissing, wire.PacketTooLarge} {
		f.refused[reason] = set.GetOrCreateCounter(fmt.Sprintf("redoubt_sql_connections_refused_total{reason=%q}", reason))
	}
	set.GetOrCreateGauge("redoubt_sql_connections", func() float64 { return float64(f.opened.Get() - f.closed.Get()) })
	return f
}

// wire gives the functions by which package wire tells what happens to connections.
func (f *figures) wire() wire.Metrics {
	return wire.Metrics{
		Opened: f.opened.Inc, Closed: f.closed.Inc,
		Login: func(secure bool) { f.logins[secure].Inc() },
		Refused: func(reason wire.Reason) {
			if c := f.refused[reason]; c != nil {
				c.Inc()
			}
		},
		Panic: func(any) { f.panics.Inc() },
	}
}

// record counts a statement that has ended.
func (f *figures) record(kind string, took time.Duration, err error) {
	k := f.statements[kind]
	k.done.Inc()
	if err != nil {
		k.failed.Inc()
	}
	k.seconds.Update(took.Seconds())
}

// kindOf tells the kind of a statement by its first words.
func kindOf(text string) string {
	if storage.ChangesDictionary(text) {
		return "ddl"
	}
	switch word := storage.FirstWord(text); word {
	case "select", "insert", "update", "delete", "replace", "load", "call", "set", "show", "commit", "rollback":
		return word
	case "with", "table", "values":
		return "select"
	case "begin", "start":
		return "begin"
	case "prepare", "execute", "deallocate":
		return "prepare"
	}
	return "other"
}

// mayRepeat tells whether a statement does the same when it runs again on a fresh snapshot: it changes rows, reads
// nothing that its client sends alongside, and shows none.
func mayRepeat(kind string) bool {
	switch kind {
	case "insert", "update", "delete", "replace", "ddl":
		return true
	}
	return false
}
