package parser

import (
	"strings"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/sqlcode"
)

// Backup is BACKUP DATABASE [FULL | INCREMENTAL | DIFFERENTIAL] or BACKUP ARCHIVELOG, [TO 'repository'] [TAG 'text']
// [LIMIT 'rate'] [ENCRYPT KEY 'file'].
type Backup struct {
	Kind       string // full, incremental, differential or archivelog
	Repository string // empty: the one that the log is archived to
	Tag        string
	Limit      string
	Key        string // path of a key file on the node; empty: what its settings say

	repository, tag, limit, key string // their expressions
}

// archivelog is the kind of BACKUP ARCHIVELOG.
const archivelog = "archivelog"

// CommandName implements Statement.
func (s *Backup) CommandName() string {
	if s.Kind == archivelog {
		return "BACKUP ARCHIVELOG"
	}
	return "BACKUP DATABASE"
}

// Schema implements Statement.
func (s *Backup) Schema() sql.Schema {
	if s.Kind == archivelog {
		return sql.Schema{
			column("repository", types.LongText), column("scn", types.Uint64), column("time", types.DatetimeMaxPrecision),
			column("pieces_sent", types.Uint64), column("bytes_sent", types.Uint64), column("milliseconds", types.Uint64),
		}
	}
	nullable := func(c *sql.Column) *sql.Column { c.Nullable = true; return c }
	return sql.Schema{
		column("backup", types.Text), column("kind", types.Text), column("made_of", types.Text), nullable(column("base", types.Text)),
		column("repository", types.LongText), column("scn", types.Uint64), column("time", types.DatetimeMaxPrecision),
		column("files", types.Uint64), column("bytes", types.Uint64), nullable(column("log_bytes", types.Uint64)), column("file_bytes_lacking", types.Uint64),
		column("files_sent", types.Uint64), column("pieces_sent", types.Uint64), column("bytes_sent", types.Uint64),
		column("milliseconds", types.Uint64), column("state_hash", types.Text),
	}
}

// IsReadOnly implements Statement.
func (*Backup) IsReadOnly() bool { return true }

// Expressions implements Statement.
func (s *Backup) Expressions() (texts []string) {
	for _, text := range []string{s.repository, s.tag, s.limit, s.key} {
		if text != "" {
			texts = append(texts, text)
		}
	}
	return texts
}

// Bind implements Statement.
func (s *Backup) Bind(values []any) (Statement, error) {
	bound := *s
	for _, part := range []struct {
		expression string
		into       *string
	}{{s.repository, &bound.Repository}, {s.tag, &bound.Tag}, {s.limit, &bound.Limit}, {s.key, &bound.Key}} {
		if part.expression == "" {
			continue
		}
		text, ok := asText(values[0])
		if !ok {
			return nil, sqlcode.CommandArgument(s.CommandName() + " takes strings, not " + show(values[0]))
		}
		*part.into, values = text, values[1:]
	}
	return &bound, nil
}

// LimitBackup is ALTER BACKUP LIMIT 'rate', of the backup that is being made.
type LimitBackup struct {
	Limit string

	limit string // its expression
}

// CommandName implements Statement.
func (*LimitBackup) CommandName() string { return "ALTER BACKUP LIMIT" }

// Schema implements Statement.
func (*LimitBackup) Schema() sql.Schema { return types.OkResultSchema }

// IsReadOnly implements Statement.
func (*LimitBackup) IsReadOnly() bool { return true }

// Expressions implements Statement.
func (s *LimitBackup) Expressions() []string { return []string{s.limit} }

// Bind implements Statement.
func (s *LimitBackup) Bind(values []any) (Statement, error) {
	text, ok := asText(values[0])
	if !ok {
		return nil, sqlcode.CommandArgument("ALTER BACKUP LIMIT takes a string, not " + show(values[0]))
	}
	return &LimitBackup{Limit: text}, nil
}

func backupCommands() []Command {
	return []Command{
		{"BACKUP", []string{"BACKUP", "DATABASE|ARCHIVELOG"}, parseBackup},
		{"ALTER BACKUP LIMIT", []string{"ALTER", "BACKUP", "LIMIT"}, parseLimitBackup},
	}
}

func parseBackup(t *Tokens) (Statement, error) {
	s := &Backup{Kind: archivelog}
	if t.Accept("BACKUP", "DATABASE") {
		s.Kind = "full"
		for _, kind := range []string{"FULL", "INCREMENTAL", "DIFFERENTIAL"} {
			if t.Accept(kind) {
				s.Kind = strings.ToLower(kind)
				break
			}
		}
	} else {
		t.Accept("BACKUP", "ARCHIVELOG")
	}
	for _, part := range []struct {
		words []string
		into  *string
	}{{[]string{"TO"}, &s.repository}, {[]string{"TAG"}, &s.tag}, {[]string{"LIMIT"}, &s.limit}, {[]string{"ENCRYPT", "KEY"}, &s.key}} {
		if part.into == &s.tag && s.Kind == archivelog || !t.Accept(part.words...) {
			continue
		}
		if *part.into = t.Expression(); *part.into == "" {
			return nil, unexpected(t)
		}
	}
	if t.Accept("ENCRYPT", "KEY") {
		if s.key = t.Expression(); s.key == "" {
			return nil, unexpected(t)
		}
	}
	return s, nil
}

func parseLimitBackup(t *Tokens) (Statement, error) {
	t.Accept("ALTER", "BACKUP", "LIMIT")
	s := &LimitBackup{}
	if s.limit = t.Expression(); s.limit == "" {
		return nil, unexpected(t)
	}
	return s, nil
}
