package storage

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/txn"
)

// settings are the variables of a session that every statement needs, read once after each change of a variable.
type settings struct {
	isolation  txn.Isolation
	lockWait   time.Duration
	autocommit bool
	plain      bool // texts are read and written as a new session does: quotes, character sets, limits
}

const (
	isolationVariable    = "transaction_isolation"
	oldIsolationVariable = "tx_isolation"
	lockWaitVariable     = "innodb_lock_wait_timeout"
	maxLockWaitSeconds   = 1 << 30
)

// SetSessionVariable keeps the two names of the isolation level the same.
func (s *Session) SetSessionVariable(ctx *gsql.Context, name string, value any) error {
	s.set = nil
	other := ""
	switch strings.ToLower(name) {
	case isolationVariable:
		other = oldIsolationVariable
	case oldIsolationVariable:
		other = isolationVariable
	}
	if other != "" {
		if err := s.BaseSession.SetSessionVariable(ctx, other, value); err != nil {
			return err
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
		s.set = &settings{isolation: s.isolation(), lockWait: s.lockWait(), autocommit: s.autocommits(), plain: s.isPlain()}
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

func (s *Session) isolation() txn.Isolation {
	switch strings.ToUpper(s.text(isolationVariable)) {
	case "REPEATABLE-READ":
		return txn.RepeatableRead
	case "SERIALIZABLE":
		return txn.Serializable
	}
	return txn.ReadCommitted
}

// lockWait is the session's innodb_lock_wait_timeout.
func (s *Session) lockWait() time.Duration {
	seconds, err := strconv.ParseInt(s.text(lockWaitVariable), 10, 64)
	if err != nil {
		return txn.LockWaitDefault
	}
	return time.Duration(min(seconds, maxLockWaitSeconds)) * time.Second
}

func (s *Session) autocommits() bool {
	value, err := s.GetSessionVariable(nil, gsql.AutoCommitSessionVar)
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
