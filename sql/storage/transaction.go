package storage

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine/txn"
	"redoubt/scn"
	"redoubt/telemetry"
)

// Transaction is the open transaction of a session. It belongs to the session's connection.
type Transaction struct {
	session    *Session
	options    txn.Options
	inner      *txn.Txn
	savepoints []savepoint
	keyless    map[scn.Space]*keylessRows
	writes     bool // the running statement may change rows
	first      bool // the running statement has begun it
	outside    bool // and stands outside of transactions
	started    time.Time
}

var _ gsql.Transaction = (*Transaction)(nil)

type savepoint struct {
	name string // folded
	mark txn.Mark
}

// open begins the engine transaction, or opens a view if the transaction is one of the past.
func (t *Transaction) open() error {
	if t.options.At == 0 {
		t.inner = t.session.store.engine.Begin(t.options)
		return nil
	}
	view, err := t.session.store.engine.View(t.options.At)
	if err != nil {
		return pastError(t.session.store, t.options.At, err)
	}
	view.Watch(t.session.slot)
	t.inner = view
	return nil
}

// String implements gsql.Transaction.
func (t *Transaction) String() string {
	return fmt.Sprintf("transaction %d at SCN %d", t.inner.XID(), t.inner.Snapshot())
}

// IsReadOnly implements gsql.Transaction.
func (t *Transaction) IsReadOnly() bool { return t.options.ReadOnly }

// isIdle tells whether nothing but a statement that stands outside has begun it.
func (t *Transaction) isIdle() bool {
	return t.first && t.outside && !t.session.GetIgnoreAutoCommit()
}

// StatementInfo is what a transaction needs to know of a statement that begins.
type StatementInfo struct {
	Digest     uint64 // of the text without its literals
	Writes     bool   // it may change rows
	Definition string // its text, if it changes the dictionary
	Outside    bool   // it needs no transaction
}

// describe tells a statement's nature by its text.
func (s *Session) describe(text string) StatementInfo {
	info := StatementInfo{Digest: s.Digest(text), Writes: true}
	first := FirstWord(text)
	switch first {
	case "select", "show", "set", "begin", "commit":
		info.Writes = false
	}
	info.Outside = standsOutside(first, text)
	if ChangesDictionary(text) {
		info.Definition = text
	}
	return info
}

func (t *Transaction) startStatement(info StatementInfo) {
	t.forgetAllKeyless()
	if t.writes = info.Writes; t.writes {
		t.inner.SetLockWait(t.session.settings().lockWait)
	}
	t.inner.StartStatement(info.Digest, info.Definition)
	t.session.slot.Snapshot(t.inner.XID(), uint64(t.inner.Snapshot()))
	t.session.show()
}

func (t *Transaction) endStatement() {
	t.forgetAllKeyless()
	t.first = false
	t.inner.EndStatement()
	t.session.show()
}

func (t *Transaction) rollbackStatement() {
	t.forgetAllKeyless()
	t.inner.RollbackStatement()
	t.forgetSavepoints()
}

// forgetSavepoints drops those that the statement which was taken back has set behind changes of its own.
func (t *Transaction) forgetSavepoints() {
	t.savepoints = slices.DeleteFunc(t.savepoints, func(s savepoint) bool { return !t.inner.Reaches(s.mark) })
}

func (t *Transaction) rollbackTo(m txn.Mark) {
	t.forgetAllKeyless()
	t.inner.RollbackTo(m)
}

func (t *Transaction) commit(ctx context.Context) (scn.SCN, error) {
	changes := t.inner.Dirty()
	at, err := t.inner.Commit(ctx)
	if changes && err == nil {
		t.session.slot.Ended(uint64(at))
		t.session.slot.Add(telemetry.FigureCommits, 1)
	} else {
		t.session.slot.Ended(0)
	}
	return at, engineError(err)
}

// renew goes on with a new engine transaction after the old one was committed: the steps of building an index must be
// committed one by one.
func (t *Transaction) renew() error {
	if err := t.open(); err != nil {
		return err
	}
	t.savepoints = nil
	t.forgetAllKeyless()
	t.startStatement(t.session.describe(""))
	return nil
}

func (t *Transaction) finish() {
	if t.inner.Dirty() {
		t.session.slot.Add(telemetry.FigureRollbacks, 1)
	}
	t.session.slot.Ended(0)
	t.inner.Rollback()
}

// CreateSavepoint implements gsql.TransactionSession.
func (s *Session) CreateSavepoint(_ *gsql.Context, transaction gsql.Transaction, name string) error {
	t, ok := transaction.(*Transaction)
	if !ok {
		return nil
	}
	if i := t.savepoint(name); i >= 0 {
		t.savepoints = append(t.savepoints[:i], t.savepoints[i+1:]...)
	}
	t.savepoints = append(t.savepoints, savepoint{strings.ToLower(name), t.inner.Savepoint()})
	return nil
}

// RollbackToSavepoint implements gsql.TransactionSession. Savepoints set after it are gone.
func (s *Session) RollbackToSavepoint(_ *gsql.Context, transaction gsql.Transaction, name string) error {
	t, ok := transaction.(*Transaction)
	if !ok {
		return nil
	}
	i := t.savepoint(name)
	if i < 0 {
		return gsql.ErrSavepointDoesNotExist.New(name)
	}
	t.rollbackTo(t.savepoints[i].mark)
	t.savepoints = t.savepoints[:i+1]
	return nil
}

// ReleaseSavepoint implements gsql.TransactionSession.
func (s *Session) ReleaseSavepoint(_ *gsql.Context, transaction gsql.Transaction, name string) error {
	t, ok := transaction.(*Transaction)
	if !ok {
		return nil
	}
	i := t.savepoint(name)
	if i < 0 {
		return gsql.ErrSavepointDoesNotExist.New(name)
	}
	t.savepoints = t.savepoints[:i]
	return nil
}

func (t *Transaction) savepoint(name string) int {
	for i := range t.savepoints {
		if t.savepoints[i].name == strings.ToLower(name) {
			return i
		}
	}
	return -1
}

// Digest identifies a statement by its text with literals left out: numbers and strings become ?, blanks one blank,
// letters lower case.
func Digest(text string) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211 // FNV-1a
	h := uint64(offset)
	normalize(text, func(c byte) bool {
		h = (h ^ uint64(c)) * prime
		return true
	})
	return h
}

// DigestText is the text of which Digest is made, cut at so many bytes.
func DigestText(text string, bytesMax int) string {
	out := make([]byte, 0, min(len(text), bytesMax))
	normalize(text, func(c byte) bool {
		out = append(out, c)
		return len(out) < bytesMax
	})
	return strings.ToValidUTF8(strings.TrimSpace(string(out)), "")
}

// normalize gives the bytes of a text without its literals, until take has enough.
func normalize(text string, take func(byte) bool) {
	var last byte
	more := true
	emit := func(c byte) {
		if c == ' ' && (last == ' ' || last == 0) || c == '?' && last == '?' {
			return
		}
		last = c
		more = take(c)
	}
	for i := 0; i < len(text) && more; {
		switch c := text[i]; {
		case c == '\'' || c == '"':
			i = quotedEnd(text, i)
			emit('?')
		case c >= '0' && c <= '9' && !isNamePart(last):
			for i < len(text) && (isNamePart(text[i]) || text[i] == '.') {
				i++
			}
			emit('?')
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
			emit(' ')
		case c >= 'A' && c <= 'Z':
			i++
			emit(c + 'a' - 'A')
		default:
			i++
			emit(c)
		}
	}
}

func quotedEnd(text string, start int) int {
	quote := text[start]
	for i := start + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case quote:
			return i + 1
		}
	}
	return len(text)
}

func isNamePart(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// ChangesDictionary tells whether a statement, by its first words, changes definitions: such statements commit what
// was open before them.
func ChangesDictionary(text string) bool {
	first, rest := nextWord(text)
	second, _ := nextWord(rest)
	switch first {
	case "create", "drop":
		return second != "temporary" && second != "restore" && !IsSnapshot(text)
	case "alter":
		return second != "backup"
	case "rename", "truncate", "flashback", "unflashback", "purge":
		return true
	}
	return false
}

// IsSnapshot tells whether a statement, by its first words, is about snapshots and clones of the whole database: files of this node, which
// no commit makes.
func IsSnapshot(text string) bool {
	first, rest := nextWord(text)
	second, _ := nextWord(rest)
	return (first == "create" || first == "drop") && (second == "snapshot" || second == "clone")
}

// CommitsFirst tells whether a statement that changes no definition commits the open transaction all the same, as MySQL
// does with those that lock, look after tables or give privileges. RECOVER makes tables over a connection of its own, which would
// wait for what this one has locked.
func CommitsFirst(text string) bool {
	first, rest := nextWord(text)
	second, _ := nextWord(rest)
	switch first {
	case "grant", "revoke", "flush", "recover":
		return true
	case "lock":
		return second == "tables" || second == "table"
	case "analyze", "check", "optimize", "repair":
		return second == "table" || second == "tables" || second == "local" || second == "no_write_to_binlog"
	case "create", "drop":
		return IsSnapshot(text)
	}
	return false
}

// nextWord reads a word in lower case, behind blanks and comments.
func nextWord(text string) (word, rest string) {
	for {
		text = strings.TrimLeft(text, " \t\r\n(;")
		switch {
		case strings.HasPrefix(text, "/*!"), strings.HasPrefix(text, "/*M!"):
			text = strings.TrimLeft(text[strings.IndexByte(text, '!')+1:], "0123456789")
		case strings.HasPrefix(text, "/*"):
			_, text, _ = strings.Cut(text, "*/")
		case strings.HasPrefix(text, "-- "), strings.HasPrefix(text, "#"):
			_, text, _ = strings.Cut(text, "\n")
		default:
			end := 0
			for end < len(text) && isNamePart(text[end]) {
				end++
			}
			return strings.ToLower(text[:end]), text[end:]
		}
	}
}

// FirstWord gives the first word of a statement in lower case.
func FirstWord(text string) string {
	word, _ := nextWord(text)
	return word
}
