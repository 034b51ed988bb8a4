package acceptance

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// outcome is what a client was told about a piece of work.
type outcome uint8

const (
	unknown outcome = iota // the connection broke after the work was handed over, or the server said so
	acknowledged
	refused // the server gave an error, or the connection broke before the work was complete
)

// numberOutcomeUnknown is the error by which the server says that it does not know itself.
const numberOutcomeUnknown = 1180

// kind is a form of work.
type kind uint8

const (
	plainInsert kind = iota // one row
	count                   // a counter and a row, in a transaction
	transfer                // from one account to another, whose sum stays, and a row
	removal                 // of a row that is there
	makeTable               // DDL: a table with the number of the work in its name
	kinds
)

var kindNames = [kinds]string{"insert", "count", "transfer", "removal", "makeTable"}

// work is one entry of the ledger.
type work struct {
	id     int64
	kind   kind
	target int64 // the row that a removal removes
	told   outcome
}

const (
	writers  = 8
	accounts = 40
	deposit  = 1000 // in each account at the beginning
)

// ledger is what a writer was told, oldest first, and what must be so because of it.
type ledger struct {
	writer int
	random *rand.Rand
	next   int64
	all    []work
	rows   []int64 // ids whose row should be there and that no removal has been tried on
}

var ledgerSchema = []string{
	"CREATE DATABASE ledger", "USE ledger",
	"CREATE TABLE entry (id bigint PRIMARY KEY, writer int NOT NULL, kind int NOT NULL, note varchar(200), KEY by_writer (writer, kind))",
	"CREATE TABLE keyless (id bigint, note varchar(40))",
	"CREATE TABLE counter (writer int PRIMARY KEY, n bigint NOT NULL)",
	"CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL, CHECK (balance >= 0))",
	"CREATE TABLE moved (id bigint PRIMARY KEY, source int NOT NULL, target int NOT NULL, amount int NOT NULL, FOREIGN KEY (source) REFERENCES account (id), FOREIGN KEY (target) REFERENCES account (id))",
}

// run works until the context ends or the connection breaks. It returns how much was acknowledged.
func (l *ledger) run(ctx context.Context, db *sql.DB, acknowledgements *atomic.Int64) error {
	c, err := db.Conn(ctx)
	if err != nil {
		return nil // the server is gone already, nothing was handed over
	}
	defer discard(c)
	for ctx.Err() == nil {
		w := work{id: int64(l.writer)*1_000_000_000 + l.next, kind: l.choose()}
		l.next++
		if w.kind == removal {
			at := l.random.IntN(len(l.rows))
			w.target = l.rows[at]
			l.rows[at] = l.rows[len(l.rows)-1]
			l.rows = l.rows[:len(l.rows)-1]
		}
		err := l.do(ctx, c, &w)
		l.all = append(l.all, w)
		switch w.told {
		case acknowledged:
			acknowledgements.Add(1)
			if w.kind == plainInsert {
				l.rows = append(l.rows, w.id)
			}
		case unknown:
			return nil
		case refused:
			if number(err) == 0 {
				return nil // the connection is gone
			}
			if !retryable(err) {
				return fmt.Errorf("writer %d, %s %d: %w", l.writer, kindNames[w.kind], w.id, err)
			}
		}
	}
	return nil
}

// discard closes a connection for good. Back in the pool it would hand a transaction that the end of the context cut off to the
// next writer, whose START TRANSACTION would commit it.
func discard(c *sql.Conn) {
	_ = c.Raw(func(any) error { return driver.ErrBadConn })
	_ = c.Close()
}

// retryable tells whether an error is one that work under concurrency or a stopping server may meet.
func retryable(err error) bool {
	switch number(err) {
	case 1213, 1205, 1053, 1180, 1026, 1290, 1412, 3819:
		return true
	}
	return false
}

func (l *ledger) choose() kind {
	switch n := l.random.IntN(1000); {
	case n < 500 || n < 850 && len(l.rows) < 10:
		return plainInsert
	case n < 700:
		return count
	case n < 850:
		return removal
	case n < 990:
		return transfer
	default:
		return makeTable
	}
}

func (l *ledger) do(ctx context.Context, c *sql.Conn, w *work) error {
	note := fmt.Sprintf("%0*d", 1+l.random.IntN(150), w.id)
	entry := fmt.Sprintf("INSERT INTO entry VALUES (%d, %d, %d, '%s')", w.id, l.writer, w.kind, note)
	keyless := fmt.Sprintf("INSERT INTO keyless VALUES (%d, 'x')", w.id)
	switch w.kind {
	case plainInsert:
		return single(ctx, c, w, entry)
	case removal:
		return single(ctx, c, w, fmt.Sprintf("DELETE FROM entry WHERE id = %d", w.target))
	case makeTable:
		return single(ctx, c, w, fmt.Sprintf("CREATE TABLE made_%d (id int PRIMARY KEY, v varchar(10), KEY (v))", w.id))
	case count:
		return together(ctx, c, w, entry, keyless, fmt.Sprintf("UPDATE counter SET n = n + 1 WHERE writer = %d", l.writer))
	}
	source, amount := l.random.IntN(accounts), 1+l.random.IntN(5)
	target := (source + 1 + l.random.IntN(accounts-1)) % accounts
	return together(ctx, c, w, entry,
		fmt.Sprintf("UPDATE account SET balance = balance - %d WHERE id = %d", amount, source),
		fmt.Sprintf("UPDATE account SET balance = balance + %d WHERE id = %d", amount, target),
		fmt.Sprintf("INSERT INTO moved VALUES (%d, %d, %d, %d)", w.id, source, target, amount))
}

// single runs a statement that commits by itself.
func single(ctx context.Context, c *sql.Conn, w *work, statement string) error {
	r, err := c.ExecContext(ctx, statement)
	w.told = told(err)
	if err == nil && w.kind == removal {
		if n, rowsErr := r.RowsAffected(); rowsErr != nil || n != 1 {
			return errors.Join(fmt.Errorf("%s: removed %d rows, want 1", statement, n), rowsErr)
		}
	}
	return err
}

// together runs statements as one transaction. What breaks before COMMIT was never handed over.
func together(ctx context.Context, c *sql.Conn, w *work, statements ...string) error {
	w.told = refused
	for _, s := range append([]string{"START TRANSACTION"}, statements...) {
		if _, err := c.ExecContext(ctx, s); err != nil {
			if number(err) != 0 {
				_, rollback := c.ExecContext(ctx, "ROLLBACK")
				if rollback != nil && number(rollback) == 0 {
					return rollback
				}
			}
			return err
		}
	}
	_, err := c.ExecContext(ctx, "COMMIT")
	w.told = told(err)
	return err
}

// told reads an answer as an outcome.
func told(err error) outcome {
	switch number(err) {
	case 0:
		if err == nil {
			return acknowledged
		}
		return unknown // the connection broke: no answer came
	case numberOutcomeUnknown:
		return unknown
	}
	return refused
}

// verify holds what the server says against all ledgers. What was unknown becomes known, and must stay so.
func verify(ctx context.Context, db *sql.DB, ledgers []*ledger) error {
	var state truth
	if err := state.read(ctx, db); err != nil {
		return err
	}
	var errs []error
	for _, l := range ledgers {
		errs = append(errs, l.settle(&state))
	}
	return errors.Join(append(errs, state.closed())...)
}

// truth is what the server says.
type truth struct {
	entries map[int64]bool
	keyless map[int64]int
	tables  map[string]bool
	counter map[int]int64
	moved   map[int64]bool
	balance map[int]int64 // as the server has it
	rebuilt map[int]int64 // from the transfers that it has
}

func (s *truth) read(ctx context.Context, db *sql.DB) error {
	s.entries, s.keyless, s.tables = map[int64]bool{}, map[int64]int{}, map[string]bool{}
	s.counter, s.moved, s.balance, s.rebuilt = map[int]int64{}, map[int64]bool{}, map[int]int64{}, map[int]int64{}
	for id := range accounts {
		s.rebuilt[id] = deposit
	}
	return errors.Join(
		each(ctx, db, "SELECT id, 0, 0, 0 FROM entry", func(n [4]int64) { s.entries[n[0]] = true }),
		each(ctx, db, "SELECT id, 0, 0, 0 FROM keyless", func(n [4]int64) { s.keyless[n[0]]++ }),
		each(ctx, db, "SELECT writer, n, 0, 0 FROM counter", func(n [4]int64) { s.counter[int(n[0])] = n[1] }),
		each(ctx, db, "SELECT id, balance, 0, 0 FROM account", func(n [4]int64) { s.balance[int(n[0])] = n[1] }),
		each(ctx, db, "SELECT id, source, target, amount FROM moved", func(n [4]int64) {
			s.moved[n[0]] = true
			s.rebuilt[int(n[1])] -= n[3]
			s.rebuilt[int(n[2])] += n[3]
		}),
		s.readTables(ctx, db),
	)
}

func (s *truth) readTables(ctx context.Context, db *sql.DB) error {
	r, err := ask(ctx, db, "SHOW TABLES LIKE 'made%'")
	for _, row := range r.rows {
		s.tables[row[0]] = true
	}
	return err
}

func each(ctx context.Context, db *sql.DB, query string, row func([4]int64)) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return fmt.Errorf("%s: %w", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		var n [4]int64
		if err := rows.Scan(&n[0], &n[1], &n[2], &n[3]); err != nil {
			return err
		}
		row(n)
	}
	return rows.Err()
}

// settle checks each entry of a ledger. It takes what belongs to the ledger out of the truth, so that what is left
// in the end is what nobody asked for.
func (l *ledger) settle(s *truth) error {
	removed, err := l.settleRemovals(s)
	if err != nil {
		return err
	}
	counted := int64(0)
	for i := range l.all {
		w := &l.all[i]
		if w.kind == removal {
			continue
		}
		there := l.present(s, w) || removed[w.id]
		if err := l.settleWork(s, w, there); err != nil {
			return err
		}
		if there && w.kind == count {
			counted++
		}
		s.forget(w)
	}
	if got := s.counter[l.writer]; got != counted {
		return fmt.Errorf("counter of writer %d is %d, want %d", l.writer, got, counted)
	}
	return nil
}

// settleRemovals tells which rows were removed.
func (l *ledger) settleRemovals(s *truth) (map[int64]bool, error) {
	removed := map[int64]bool{}
	for i := range l.all {
		w := &l.all[i]
		if w.kind != removal {
			continue
		}
		there := s.entries[w.target]
		w.learn(!there)
		if (w.told == acknowledged) == there {
			return nil, fmt.Errorf("row %d: removal %d is %s, but the row is there: %t", w.target, w.id, outcomeNames[w.told], there)
		}
		removed[w.target] = w.told == acknowledged
	}
	return removed, nil
}

// settleWork checks one entry that is no removal: whether its effect is there, and all of it.
func (l *ledger) settleWork(s *truth, w *work, there bool) error {
	if w.learn(there) && there && w.kind == plainInsert {
		l.rows = append(l.rows, w.id)
	}
	switch {
	case (w.told == acknowledged) != there:
		return fmt.Errorf("%s %d is %s, but its effect is there: %t", kindNames[w.kind], w.id, outcomeNames[w.told], there)
	case there && w.kind == count && s.keyless[w.id] != 1:
		return fmt.Errorf("count %d is %d times in the table without a key, want once", w.id, s.keyless[w.id])
	case there && w.kind == transfer && !s.moved[w.id]:
		return fmt.Errorf("transfer %d has its entry but not its movement", w.id)
	}
	return nil
}

// learn makes an unknown outcome known, and tells whether it was unknown.
func (w *work) learn(happened bool) bool {
	if w.told != unknown {
		return false
	}
	if w.told = refused; happened {
		w.told = acknowledged
	}
	return true
}

var outcomeNames = [...]string{"unknown", "acknowledged", "refused"}

func (l *ledger) present(s *truth, w *work) bool {
	if w.kind == makeTable {
		return s.tables[fmt.Sprintf("made_%d", w.id)]
	}
	return s.entries[w.id]
}

func (s *truth) forget(w *work) {
	delete(s.entries, w.id)
	delete(s.keyless, w.id)
	delete(s.moved, w.id)
	delete(s.tables, fmt.Sprintf("made_%d", w.id))
}

// closed checks what no single ledger knows: sums, and that there is nothing that nobody asked for.
func (s *truth) closed() error {
	var errs []error
	for id, want := range s.rebuilt {
		if got := s.balance[id]; got != want {
			errs = append(errs, fmt.Errorf("account %d has %d, its transfers make %d", id, got, want))
		}
	}
	if n := len(s.entries) + len(s.keyless) + len(s.moved) + len(s.tables); n > 0 {
		errs = append(errs, fmt.Errorf("%d rows or tables that nobody asked for: %v %v %v %v", n, s.entries, s.keyless, s.moved, s.tables))
	}
	return errors.Join(errs...)
}

// loadUntil lets all writers work for a while, then runs end, and waits until every writer has noticed. It returns the
// errors that none of them should have met.
func loadUntil(ctx context.Context, db *sql.DB, ledgers []*ledger, acknowledgements *atomic.Int64, while time.Duration, end func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var writing sync.WaitGroup
	errs := make([]error, len(ledgers)+1)
	for i, l := range ledgers {
		writing.Go(func() { errs[i] = l.run(ctx, db, acknowledgements) })
	}
	writing.Go(func() { errs[len(ledgers)] = reindex(ctx, db) })
	time.Sleep(while) // the moment of the end is random, there is nothing to wait for
	end()
	writing.Wait()
	return errors.Join(errs...)
}

// reindex makes an index on the table that all write to and drops it again, as long as the server is there. Each time
// writers must begin anew, so it leaves them some room.
func reindex(ctx context.Context, db *sql.DB) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(100 * time.Millisecond):
		}
		for _, statement := range []string{"CREATE INDEX by_note ON entry (note(20), kind)", "DROP INDEX by_note ON entry"} {
			_, err := db.ExecContext(ctx, statement)
			switch n := number(err); {
			case err == nil, n == 1061, n == 1091, retryable(err): // it may be there or not since the last crash
			case n == 0:
				return nil // the connection is gone
			default:
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
	}
}
