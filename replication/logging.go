package replication

import (
	"fmt"
	"io"
	"log"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/rs/zerolog"
)

// raftLogger passes raft's messages on. What raft calls info is routine and becomes debug; a warning, which an
// election at every start is, becomes info. This node's own changes of leadership are logged by leadership.go.
//
// Raft repeats some messages many times a second while a peer is away; each is passed on once in repeatEvery.
type raftLogger struct {
	out     zerolog.Logger
	name    string
	args    []any
	repeats *repeats
}

const repeatEvery = 2 * time.Second

// repeats remembers when a message was last passed on. Raft's messages are constants, so there are few.
type repeats struct {
	mu   sync.Mutex
	seen map[string]*repeat
}

type repeat struct {
	last    time.Time
	skipped int
}

// pass tells whether to pass msg on, and how many were left out before it.
func (r *repeats) pass(msg string, now time.Time) (skipped int, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.seen[msg]
	if s == nil {
		s = &repeat{}
		r.seen[msg] = s
	}
	if now.Sub(s.last) < repeatEvery {
		s.skipped++
		return 0, false
	}
	skipped = s.skipped
	*s = repeat{last: now}
	return skipped, true
}

func newRaftLogger(out zerolog.Logger) hclog.Logger {
	return &raftLogger{
		out: out.With().Str("from", "raft").Logger(), name: "raft", repeats: &repeats{seen: map[string]*repeat{}},
	}
}

func zerologLevel(level hclog.Level) zerolog.Level {
	switch level {
	case hclog.Error:
		return zerolog.ErrorLevel
	case hclog.Warn:
		return zerolog.InfoLevel
	case hclog.Info:
		return zerolog.DebugLevel
	default:
		return zerolog.TraceLevel
	}
}

// Log emits msg with alternating keys and values.
func (l *raftLogger) Log(level hclog.Level, msg string, args ...any) {
	if !l.enabled(level) {
		return
	}
	skipped, ok := l.repeats.pass(msg, time.Now())
	if !ok {
		return
	}
	event := l.out.WithLevel(zerologLevel(level))
	if skipped > 0 {
		event = event.Int("repeated", skipped)
	}
	for _, kv := range [][]any{l.args, args} {
		for i := 0; i+1 < len(kv); i += 2 {
			event = event.Str(fmt.Sprint(kv[i]), text(kv[i+1]))
		}
	}
	event.Msg(msg)
}

// text writes one value; hclog.Format is a format with its arguments.
func text(v any) string {
	if f, ok := v.(hclog.Format); ok && len(f) > 0 {
		return fmt.Sprintf(fmt.Sprint(f[0]), f[1:]...)
	}
	return fmt.Sprint(v)
}

func (l *raftLogger) enabled(level hclog.Level) bool {
	return l.out.GetLevel() <= zerologLevel(level) && zerolog.GlobalLevel() <= zerologLevel(level)
}

// Trace, Debug, Info, Warn and Error emit at hclog's levels.
func (l *raftLogger) Trace(msg string, args ...any) { l.Log(hclog.Trace, msg, args...) }

// Debug is hclog's.
func (l *raftLogger) Debug(msg string, args ...any) { l.Log(hclog.Debug, msg, args...) }

// Info is hclog's.
func (l *raftLogger) Info(msg string, args ...any) { l.Log(hclog.Info, msg, args...) }

// Warn is hclog's.
func (l *raftLogger) Warn(msg string, args ...any) { l.Log(hclog.Warn, msg, args...) }

// Error is hclog's.
func (l *raftLogger) Error(msg string, args ...any) { l.Log(hclog.Error, msg, args...) }

// IsTrace and the like tell whether a level is emitted.
func (l *raftLogger) IsTrace() bool { return l.enabled(hclog.Trace) }

// IsDebug is hclog's.
func (l *raftLogger) IsDebug() bool { return l.enabled(hclog.Debug) }

// IsInfo is hclog's.
func (l *raftLogger) IsInfo() bool { return l.enabled(hclog.Info) }

// IsWarn is hclog's.
func (l *raftLogger) IsWarn() bool { return l.enabled(hclog.Warn) }

// IsError is hclog's.
func (l *raftLogger) IsError() bool { return l.enabled(hclog.Error) }

// ImpliedArgs are those given to With.
func (l *raftLogger) ImpliedArgs() []any { return l.args }

// With adds keys and values to every message.
func (l *raftLogger) With(args ...any) hclog.Logger {
	with := *l
	with.args = append(l.args[:len(l.args):len(l.args)], args...)
	return &with
}

// Name is hclog's.
func (l *raftLogger) Name() string { return l.name }

// Named adds a part to the name.
func (l *raftLogger) Named(name string) hclog.Logger { return l.ResetNamed(l.name + "." + name) }

// ResetNamed replaces the name.
func (l *raftLogger) ResetNamed(name string) hclog.Logger {
	named := *l
	named.name = name
	return &named
}

// SetLevel does nothing: the level is the zerolog logger's.
func (l *raftLogger) SetLevel(hclog.Level) {}

// GetLevel tells the lowest level emitted.
func (l *raftLogger) GetLevel() hclog.Level {
	for _, level := range []hclog.Level{hclog.Trace, hclog.Debug, hclog.Info, hclog.Warn} {
		if l.enabled(level) {
			return level
		}
	}
	return hclog.Error
}

// StandardLogger writes lines as info.
func (l *raftLogger) StandardLogger(opts *hclog.StandardLoggerOptions) *log.Logger {
	return log.New(l.StandardWriter(opts), "", 0)
}

// StandardWriter writes lines as info.
func (l *raftLogger) StandardWriter(*hclog.StandardLoggerOptions) io.Writer { return lineWriter{l} }

type lineWriter struct{ l *raftLogger }

// Write emits one line.
func (w lineWriter) Write(p []byte) (int, error) {
	w.l.Info(string(p))
	return len(p), nil
}
