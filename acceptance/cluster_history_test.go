package acceptance

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	judge "redoubt/internal/history"
)

const (
	listSchema     = "CREATE TABLE list (k INT, level INT, v LONGTEXT NOT NULL, PRIMARY KEY (k, level))"
	registerSchema = "CREATE TABLE register (k INT PRIMARY KEY, v BIGINT NOT NULL)"
)

var listLevels = []struct {
	name  string
	level judge.Level
}{{"REPEATABLE READ", judge.SnapshotIsolation}, {"SERIALIZABLE", judge.Serializable}}

const (
	listKeys   = 5   // at a time
	listValues = 500 // after which there are new keys
)

// lists are clients that append to lists and read them, on all nodes, at two levels of isolation.
type lists struct {
	*chaos
	seed  uint64
	value [2]atomic.Int64 // by level
	mu    sync.Mutex
	txns  [2][]judge.Txn
}

func newLists(c *chaos, random *rand.Rand) *lists { return &lists{chaos: c, seed: random.Uint64()} }

func (l *lists) start(ctx context.Context, work func(func() error)) {
	for i := range 6 {
		work(func() error {
			random := rand.New(rand.NewPCG(l.seed, uint64(i)))
			for at := i; ctx.Err() == nil; at++ {
				if err := l.client(ctx, l.pool(at/2), i%2, random); err != nil {
					return err
				}
				rest(ctx)
			}
			return nil
		})
	}
}

// client runs transactions until its connection breaks.
func (l *lists) client(ctx context.Context, db *sql.DB, level int, random *rand.Rand) error {
	c, err := db.Conn(ctx)
	if err != nil {
		return nil // the node is gone
	}
	defer discard(c)
	if _, err := c.ExecContext(ctx, "SET SESSION TRANSACTION ISOLATION LEVEL "+listLevels[level].name); err != nil {
		return nil // as above
	}
	for ctx.Err() == nil {
		x, err := l.txn(ctx, c, level, random)
		l.mu.Lock()
		l.txns[level] = append(l.txns[level], x)
		l.mu.Unlock()
		if x.Outcome == judge.Committed {
			l.acked.Add(1)
		}
		if n := number(err); err != nil && n == 0 {
			return nil
		} else if err != nil && !retryable(err) {
			return fmt.Errorf("list: %w", err)
		}
	}
	return nil
}

func (l *lists) txn(ctx context.Context, c *sql.Conn, level int, random *rand.Rand) (x judge.Txn, err error) {
	x.Outcome = judge.RolledBack
	if _, err = c.ExecContext(ctx, "START TRANSACTION"); err != nil {
		return x, err
	}
	for range 1 + random.IntN(4) {
		op := judge.Op{Key: l.base(level) + random.IntN(listKeys)}
		if random.IntN(2) == 0 {
			op.Read, err = readList(ctx, c, op.Key, level)
		} else {
			op.Append = l.value[level].Add(1)
			_, err = c.ExecContext(ctx, fmt.Sprintf(
				"INSERT INTO list VALUES (%d, %d, '%d') ON DUPLICATE KEY UPDATE v = CONCAT(v, ',%d')", op.Key, level, op.Append, op.Append))
		}
		if err != nil {
			if number(err) != 0 {
				_, _ = c.ExecContext(ctx, "ROLLBACK") // if that fails, so does the next transaction
			}
			return x, err
		}
		x.Ops = append(x.Ops, op)
	}
	_, err = c.ExecContext(ctx, "COMMIT")
	x.Outcome = [...]judge.Outcome{unknown: judge.Unknown, acknowledged: judge.Committed, refused: judge.RolledBack}[told(err)]
	return x, err
}

func (l *lists) base(level int) int { return int(l.value[level].Load()/listValues) * listKeys }

func readList(ctx context.Context, e executor, k, level int) (list []int64, err error) {
	r, err := ask(ctx, e, fmt.Sprintf("SELECT v FROM list WHERE k = %d AND level = %d", k, level))
	if err != nil || len(r.rows) == 0 {
		return nil, err
	}
	for _, text := range strings.Split(r.rows[0][0], ",") {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}

// check judges what the clients saw. Last, everything is read on each node.
func (l *lists) check() {
	l.t.Helper()
	for level, of := range listLevels {
		for i := range l.nodes {
			last := judge.Txn{}
			for k := range l.base(level) + listKeys {
				list, err := readList(l.t.Context(), l.pool(i), k, level)
				if err != nil {
					l.t.Fatal(err)
				}
				last.Ops = append(last.Ops, judge.Op{Key: k, Read: list})
			}
			l.txns[level] = append(l.txns[level], last)
		}
		unknown := settle(l.txns[level], l.txns[level][len(l.txns[level])-1].Ops)
		outcomes := map[judge.Outcome]int{}
		for i := range l.txns[level] {
			outcomes[l.txns[level][i].Outcome]++
		}
		l.t.Logf("lists, %s: %d transactions committed, %d rolled back, %d had an unknown outcome", of.name, outcomes[judge.Committed], outcomes[judge.RolledBack], unknown)
		if outcomes[judge.Committed] < 500 {
			l.t.Errorf("the run is void: %d transactions of %s committed", outcomes[judge.Committed], of.name)
		}
		for _, a := range judge.Check(l.txns[level], of.level) {
			l.t.Errorf("%s: %v", of.name, a)
			for _, i := range a.Txns[:min(len(a.Txns), 5)] {
				l.t.Logf("transaction %d: %+v", i, l.txns[level][i])
			}
		}
	}
}

// settle finds out what became of transactions of unknown outcome that have appended something, and tells how many these were. One that
// did not commit may have read its own append, which is in no list then.
func settle(txns []judge.Txn, last []judge.Op) (unknown int) {
	there := map[int64]bool{}
	for _, op := range last {
		for _, v := range op.Read {
			there[v] = true
		}
	}
	for i := range txns {
		if txns[i].Outcome != judge.Unknown {
			continue
		}
		unknown++
		for _, op := range txns[i].Ops {
			if op.Append == 0 || txns[i].Outcome == judge.Committed {
				continue
			}
			if txns[i].Outcome = judge.RolledBack; there[op.Append] {
				txns[i].Outcome = judge.Committed // all of it must be there
			}
		}
	}
	return unknown
}

// registers are clients that write registers and read them, each operation a statement, on all nodes.
type registers struct {
	*chaos
	begun time.Time
	count atomic.Int64
	mu    sync.Mutex
	done  []porcupine.Operation
}

func newRegisters(c *chaos) *registers { return &registers{chaos: c, begun: time.Now()} }

// access is one operation on a register.
type access struct {
	key   int64
	write int64 // 0: it reads
}

const (
	registerKeys = 3   // at a time
	registerOps  = 600 // after which there are new ones
)

func (r *registers) start(ctx context.Context, work func(func() error)) {
	for i := range 6 {
		work(func() error {
			for at := i; ctx.Err() == nil; at++ {
				if err := r.client(ctx, r.pool(at), i); err != nil {
					return err
				}
				rest(ctx)
			}
			return nil
		})
	}
}

func (r *registers) client(ctx context.Context, db *sql.DB, id int) error {
	c, err := db.Conn(ctx)
	if err != nil {
		return nil // the node is gone
	}
	defer discard(c)
	for ctx.Err() == nil {
		n := r.count.Add(1)
		a := access{key: n/registerOps*registerKeys + n%registerKeys}
		if n%5 < 2 {
			a.write = n
		}
		op := porcupine.Operation{ClientId: id, Input: a, Call: int64(time.Since(r.begun))}
		var read int64
		if a.write != 0 {
			_, err = c.ExecContext(ctx, fmt.Sprintf("INSERT INTO register VALUES (%d, %d) ON DUPLICATE KEY UPDATE v = %d", a.key, a.write, a.write))
		} else {
			read, err = readRegister(ctx, c, a.key)
		}
		op.Output, op.Return = read, int64(time.Since(r.begun))
		outcome := told(err)
		switch {
		case err == nil:
			r.note(op)
			if a.write != 0 {
				r.acked.Add(1)
			}
		case a.write != 0 && outcome == unknown:
			op.Return = math.MaxInt64 // it may happen at any time from now on
			r.note(op)
		}
		if outcome == unknown && number(err) == 0 {
			return nil
		}
		if err != nil && !retryable(err) {
			return fmt.Errorf("register: %w", err)
		}
		time.Sleep(5 * time.Millisecond) // so that a register is there for some seconds, and faults fall into its life
	}
	return nil
}

func (r *registers) note(op porcupine.Operation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done = append(r.done, op)
}

func readRegister(ctx context.Context, e executor, key int64) (int64, error) {
	got, err := ask(ctx, e, fmt.Sprintf("SELECT v FROM register WHERE k = %d", key))
	if err != nil || len(got.rows) == 0 {
		return 0, err
	}
	return strconv.ParseInt(got.rows[0][0], 10, 64)
}

// registerModel is what a register promises.
var registerModel = porcupine.Model{
	Partition: func(all []porcupine.Operation) [][]porcupine.Operation {
		by := map[int64][]porcupine.Operation{}
		for _, op := range all {
			key := op.Input.(access).key
			by[key] = append(by[key], op)
		}
		var out [][]porcupine.Operation
		for _, part := range by {
			out = append(out, part)
		}
		return out
	},
	Init: func() any { return int64(0) },
	Step: func(state, input, output any) (bool, any) {
		if a := input.(access); a.write != 0 {
			return true, a.write
		}
		return output.(int64) == state.(int64), state
	},
}

func (r *registers) check() {
	r.t.Helper()
	r.t.Logf("registers: %d operations", len(r.done))
	if len(r.done) < 2000 {
		r.t.Errorf("the run is void: %d operations on registers", len(r.done))
	}
	switch porcupine.CheckOperationsTimeout(registerModel, r.done, 2*time.Minute) {
	case porcupine.Illegal:
		r.t.Error("registers are not linearizable")
		for _, part := range registerModel.Partition(r.done) {
			if porcupine.CheckOperationsTimeout(registerModel, part, time.Minute) == porcupine.Illegal {
				r.t.Logf("%+v", part)
			}
		}
	case porcupine.Unknown:
		r.t.Error("the run is void: it takes too long to find out whether registers are linearizable")
	}
}

// TestCheckersFind feeds the judges histories with a bug in them, and the same without.
func TestCheckersFind(t *testing.T) {
	write := func(from, to, v int64) porcupine.Operation {
		return porcupine.Operation{Input: access{1, v}, Output: int64(0), Call: from, Return: to}
	}
	read := func(from, to, v int64) porcupine.Operation {
		return porcupine.Operation{ClientId: 1, Input: access{key: 1}, Output: v, Call: from, Return: to}
	}
	for _, c := range []struct {
		name string
		ops  []porcupine.Operation
		fine bool
	}{
		{"nothing", []porcupine.Operation{write(0, 10, 1), write(20, 30, 2), read(25, 40, 1), read(41, 50, 2)}, true},
		{"a stale read", []porcupine.Operation{write(0, 10, 1), write(20, 30, 2), read(31, 40, 1)}, false},
		{"an acknowledged write lost", []porcupine.Operation{write(0, 10, 1), write(20, 30, 2), read(31, 40, 2), read(41, 50, 1)}, false},
		{"a write of unknown outcome that happens later", []porcupine.Operation{write(0, 10, 1), write(20, math.MaxInt64, 2), read(31, 40, 1), read(50, 60, 2)}, true},
		{"one that is undone", []porcupine.Operation{write(0, 10, 1), write(20, math.MaxInt64, 2), read(31, 40, 2), read(50, 60, 1)}, false},
	} {
		if got := porcupine.CheckOperations(registerModel, c.ops); got != c.fine {
			t.Errorf("registers with %s are linearizable: %t", c.name, got)
		}
	}
	own := []judge.Txn{{Ops: []judge.Op{{Key: 1, Append: 1}, {Key: 1, Read: []int64{1}}}, Outcome: judge.Unknown}}
	for there, want := range map[bool]judge.Outcome{true: judge.Committed, false: judge.RolledBack} {
		txns, last := slices.Clone(own), []judge.Op{{Key: 1}}
		if there {
			last[0].Read = []int64{1}
		}
		if settle(txns, last); txns[0].Outcome != want {
			t.Errorf("a transaction of unknown outcome whose append is there (%t): %v", there, txns[0].Outcome)
		}
	}
	appended := func(v int64) judge.Txn { return judge.Txn{Ops: []judge.Op{{Key: 1, Append: v}}} }
	seen := func(list ...int64) judge.Txn { return judge.Txn{Ops: []judge.Op{{Key: 1, Read: list}}} }
	for _, c := range []struct {
		name, kind string
		txns       []judge.Txn
	}{
		{"nothing", "", []judge.Txn{appended(1), appended(2), seen(1, 2)}},
		{"a stale read that is written upon", "G-nonadjacent", []judge.Txn{
			appended(1), appended(2), {Ops: []judge.Op{{Key: 1, Read: []int64{1}}, {Key: 1, Append: 3}}}, seen(1, 2, 3),
		}},
		{"an acknowledged append lost", "lost", []judge.Txn{appended(1), appended(2), seen(1)}},
		{"an append done twice", "twice", []judge.Txn{appended(1), appended(2), seen(1, 2, 1)}},
		{"an append that was refused", "G1a", []judge.Txn{appended(1), {Ops: appended(2).Ops, Outcome: judge.RolledBack}, seen(1, 2)}},
	} {
		got := ""
		for _, a := range judge.Check(c.txns, judge.SnapshotIsolation) {
			got = a.Kind
			break
		}
		if got != c.kind {
			t.Errorf("lists with %s: %q, want %q", c.name, got, c.kind)
		}
	}
}
