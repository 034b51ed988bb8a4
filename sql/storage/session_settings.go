package storage

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/sql/parser"
)

// settings are the variables of a session that every statement needs, read once after each change of a variable.
type settings struct {
	isolation  txn.Isolation
	readOnly   bool
	safe       bool // sql_safe_updates
	lockWait   time.Duration
	autocommit bool
	read       ReadMode
	execution  time.Duration // that a SELECT may take; 0: any
	plain      bool          // texts are read and written as a new session does: quotes, character sets, limits
}

const (
	isolationVariable = "transaction_isolation"
	readOnlyVariable  = "transaction_read_only"
	lockWaitVariable  = "innodb_lock_wait_timeout"

	executionTimeVariable = "max_execution_time"

	maxLockWaitSeconds = 1 << 30
)

// twins are two names of one variable: MySQL 8's and the one that MariaDB and older programs use.
var twins = map[string]string{
	isolationVariable: "tx_isolation", "tx_isolation": isolationVariable,
	readOnlyVariable: "tx_read_only", "tx_read_only": readOnlyVariable,
}

// Twin is the other name of a variable that has two, else "".
func Twin(name string) string { return twins[strings.ToLower(name)] }

// SetSessionVariable keeps variables with two names the same under both. What it says of transactions is true of the next one, too.
func (s *Session) SetSessionVariable(ctx *gsql.Context, name string, value any) error {
	s.set = nil
	if other := Twin(name); other != "" {
		if err := s.BaseSession.SetSessionVariable(ctx, other, value); err != nil {
			return err
		}
		if strings.HasSuffix(other, "isolation") {
			s.next.isolation = nil
		} else {
			s.next.access = parser.DefaultAccess
		}
	}
	return s.BaseSession.SetSessionVariable(ctx, name, value)
}

// InitSessionVariable implements gsql.Session.
func (s *Session) InitSessionVariable(ctx *gsql.Context, name string, value any) error {
	s.set = nil
	return s.BaseSession.InitSessionVariable(ctx, name, value)
}

func (s *Session) settings() *settings {
	if s.set == nil {
		s.set = &settings{isolation: isolationOf(s.text(isolationVariable)), readOnly: s.isOn(readOnlyVariable), safe: s.isOn("sql_safe_updates"), lockWait: s.lockWait(), execution: s.executionTime(), autocommit: s.isOn(gsql.AutoCommitSessionVar), read: s.readMode(), plain: s.isPlain()}
	}
	return s.set
}

// text gives a variable as text, "" if there is none of the name.
func (s *Session) text(name string) string {
	value, err := s.GetSessionVariable(nil, name)
	if err != nil || value == nil {
		return ""
	}
	return fmt.Sprint(value)
}

// SafeUpdates tells whether the session wants to change rows only that it finds by a key.
func (s *Session) SafeUpdates() bool { return s.settings().safe }

// lockWait is the session's innodb_lock_wait_timeout.
func (s *Session) lockWait() time.Duration {
	seconds, err := strconv.ParseInt(s.text(lockWaitVariable), 10, 64)
	if err != nil {
		return txn.LockWaitDefault
	}
	return time.Duration(min(seconds, maxLockWaitSeconds)) * time.Second
}

// Variables that say how new the data must be that a session reads on one of several nodes.
const (
	ReadModeVariable  = "redoubt_read_mode"
	ReadSCNVariable   = "redoubt_read_scn"
	StalenessVariable = "redoubt_read_staleness" // milliseconds
)

// ReadKind is a way of reading on one of several nodes.
type ReadKind string

// Ways of reading.
const (
	ReadStrong  ReadKind = "strong"  // everything that was acknowledged anywhere
	ReadSession ReadKind = "session" // what this session wrote, and everything up to an SCN that it names
	ReadStale   ReadKind = "stale"   // what this node has, if it has heard from the leader recently enough
)

// ReadMode is how new the data must be that a session reads.
type ReadMode struct {
	Kind   ReadKind
	SCN    scn.SCN       // of ReadSession
	Within time.Duration // of ReadStale
}

// ReadMode is the session's.
func (s *Session) ReadMode() ReadMode { return s.settings().read }

func (s *Session) readMode() ReadMode {
	at, _ := strconv.ParseUint(s.text(ReadSCNVariable), 10, 64)
	millis, _ := strconv.ParseInt(s.text(StalenessVariable), 10, 64)
	return ReadMode{Kind: ReadKind(s.text(ReadModeVariable)), SCN: scn.SCN(at), Within: time.Duration(millis) * time.Millisecond}
}

// ExecutionTime is how long a SELECT of the session may take; 0: as long as it does.
func (s *Session) ExecutionTime() time.Duration { return s.settings().execution }

func (s *Session) executionTime() time.Duration {
	ms, err := strconv.ParseInt(s.text(executionTimeVariable), 10, 64)
	if err != nil || ms <= 0 {
		return 0
	}
	return time.Duration(min(ms, 1<<40)) * time.Millisecond
}

func (s *Session) isOn(name string) bool {
	value, err := s.GetSessionVariable(nil, name)
	if err != nil {
		return false
	}
	on, err := gsql.ConvertToBool(nil, value)
	return err == nil && on
}

// isPlain tells whether nothing is set that makes the same text mean something else than it does to a new session.
func (s *Session) isPlain() bool {
	for _, mode := range strings.Split(strings.ToUpper(s.text("sql_mode")), ",") {
		switch mode {
		case "ANSI_QUOTES", "ANSI", "NO_BACKSLASH_ESCAPES", "PAD_CHAR_TO_FULL_LENGTH", "NO_AUTO_VALUE_ON_ZERO", "PIPES_AS_CONCAT", "IGNORE_SPACE":
			return false
		}
	}
	for _, name := range []string{"character_set_client", "character_set_connection", "character_set_results"} {
		switch strings.ToLower(s.text(name)) {
		case "", "utf8mb4", "utf8mb3", "utf8":
		default:
			return false
		}
	}
	unlimited, _ := gsql.HasDefaultValue(nil, s, "sql_select_limit")
	return unlimited && s.text("sql_auto_is_null") != "1"
}
