package sql

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"redoubt/engine/catalog"
	"redoubt/engine/txn"
	"redoubt/flashback/redolog"
	"redoubt/scn"
	"redoubt/sql/redosql"
	"redoubt/wal/redo"
)

// seedOf gives the seed of a random test: one of its own, or that of the environment.
func seedOf(t *testing.T) uint64 {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv("REDOUBT_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("REDOUBT_SEED: %v", err)
		}
	}
	t.Logf("seed %d; replay with REDOUBT_SEED=%d go test ./sql -run '^%s$'", seed, seed, t.Name())
	return seed
}

// undoTypes are column types with literals of random values.
var undoTypes = []struct {
	column string
	value  func(r *rand.Rand) string
}{
	{"TINYINT", func(r *rand.Rand) string { return fmt.Sprint(r.IntN(256) - 128) }},
	{"SMALLINT UNSIGNED", func(r *rand.Rand) string { return fmt.Sprint(r.IntN(65536)) }},
	{"MEDIUMINT", func(r *rand.Rand) string { return fmt.Sprint(r.IntN(1<<24) - 1<<23) }},
	{"BIGINT", func(r *rand.Rand) string { return fmt.Sprint(int64(r.Uint64())) }},
	{"BIGINT UNSIGNED", func(r *rand.Rand) string { return fmt.Sprint(r.Uint64()) }},
	{"BOOLEAN", func(r *rand.Rand) string { return []string{"TRUE", "FALSE"}[r.IntN(2)] }},
	{"FLOAT", func(r *rand.Rand) string {
		return fmt.Sprint(float32((r.Float64() - 0.5) * math.Pow(10, float64(r.IntN(60)-30))))
	}},
	{"DOUBLE", func(r *rand.Rand) string {
		return fmt.Sprint((r.Float64() - 0.5) * math.Pow(10, float64(r.IntN(600)-300)))
	}},
	{"DECIMAL(10,2)", func(r *rand.Rand) string { return fmt.Sprintf("%.2f", (r.Float64()-0.5)*1e8) }},
	{"DECIMAL(65,30)", func(r *rand.Rand) string {
		return fmt.Sprintf("-%d%015d.%d%d", r.Uint32(), r.IntN(1e15), r.Uint32(), r.Uint32())
	}},
	{"BIT(1)", func(r *rand.Rand) string { return fmt.Sprintf("b'%b'", r.IntN(2)) }},
	{"BIT(64)", func(r *rand.Rand) string { return fmt.Sprintf("b'%b'", r.Uint64()) }},
	{"CHAR(20)", randomText},
	{"VARCHAR(40)", randomText},
	{"VARCHAR(40) COLLATE utf8mb4_bin", randomText},
	{"VARCHAR(40) COLLATE utf8mb4_0900_as_cs", randomText},
	{"VARCHAR(40) COLLATE utf8mb4_general_ci", randomText},
	{"VARCHAR(40) CHARACTER SET latin1", func(r *rand.Rand) string { return []string{"'äöü'", "'É'", "'e\\'\\\\'", "'E'"}[r.IntN(4)] }},
	{"VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin", func(r *rand.Rand) string { return []string{"'abc'", "'\\n\\r\\0\\Z'", "''"}[r.IntN(3)] }},
	{"TEXT", func(r *rand.Rand) string { return "REPEAT(" + randomText(r) + ", 30)" }},
	{"BINARY(8)", randomBytes},
	{"VARBINARY(20)", randomBytes},
	{"BLOB", randomBytes},
	{"DATE", func(r *rand.Rand) string {
		return fmt.Sprintf("'%04d-%02d-%02d'", 1+r.IntN(9999), 1+r.IntN(12), 1+r.IntN(28))
	}},
	{"DATETIME", func(r *rand.Rand) string {
		return fmt.Sprintf("'%04d-%02d-%02d %02d:%02d:%02d'", 1+r.IntN(9999), 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60))
	}},
	{"DATETIME(6)", func(r *rand.Rand) string {
		return fmt.Sprintf("'%04d-03-04 05:06:07.%06d'", 1000+r.IntN(1100), r.IntN(1e6))
	}},
	{"TIMESTAMP(3)", func(r *rand.Rand) string {
		return fmt.Sprintf("'%04d-10-27 02:30:0%d.%03d'", 1971+r.IntN(60), r.IntN(10), r.IntN(1000))
	}},
	{"TIMESTAMP NULL", func(r *rand.Rand) string { return fmt.Sprintf("'%04d-03-31 02:30:00'", 1971+r.IntN(60)) }},
	{"TIME", func(r *rand.Rand) string { return fmt.Sprintf("'-%d:%02d:%02d'", r.IntN(838), r.IntN(60), r.IntN(60)) }},
	{"TIME(6)", func(r *rand.Rand) string { return fmt.Sprintf("'%d:59:01.%06d'", r.IntN(838), r.IntN(1e6)) }},
	{"YEAR", func(r *rand.Rand) string { return []string{"0", "1901", "2000", "2155", "2026"}[r.IntN(5)] }},
	{`ENUM('a','it''s','x,y','B\\')`, func(r *rand.Rand) string { return fmt.Sprint(1 + r.IntN(4)) }},
	{"SET('r','w','it''s')", func(r *rand.Rand) string { return fmt.Sprint(r.IntN(8)) }},
	{"JSON", func(r *rand.Rand) string {
		return []string{`'{"b": [1, 2.5, "it\'s\\n", null, true], "a": {}}'`, `'[]'`, `'"\\\\"'`, `'1.0'`, `'{"k": 12345678901234567890.5e10}'`, `'null'`}[r.IntN(6)]
	}},
	{"POINT", func(r *rand.Rand) string {
		return fmt.Sprintf("ST_GeomFromText('POINT(%d %d.5)')", r.IntN(90), r.IntN(90))
	}},
	{"GEOMETRY SRID 4326", func(r *rand.Rand) string {
		return fmt.Sprintf("ST_GeomFromText('LINESTRING(%d 2, 3 %d)', 4326)", r.IntN(90), r.IntN(90))
	}},
}

func randomText(r *rand.Rand) string {
	parts := []string{`\'`, `"`, `\\`, `\n`, `\r`, `\0`, `\Z`, "`", "%", "a", "A", "ä", "Ä", "日", "🙂", " ", "--", "/*", ";", "?", "$"}
	var b strings.Builder
	for range r.IntN(12) {
		b.WriteString(parts[r.IntN(len(parts))])
	}
	return "'" + b.String() + "'"
}

func randomBytes(r *rand.Rand) string {
	b := make([]byte, r.IntN(8))
	for i := range b {
		b[i] = byte(r.UintN(256))
	}
	return fmt.Sprintf("x'%x'", b)
}

// undoable is a table with a column of each type.
type undoable struct {
	r       *running
	random  *rand.Rand
	name    string
	keys    bool // it has a primary key
	columns []string
}

func (u *undoable) literal(i int) string {
	if u.random.IntN(8) == 0 && undoTypes[i].column != "TIMESTAMP(3)" {
		return "NULL"
	}
	return undoTypes[i].value(u.random)
}

func newUndoable(r *running, random *rand.Rand, name, key string) *undoable {
	u := &undoable{r: r, random: random, name: name, keys: strings.Contains(key, "PRIMARY")}
	definition := "CREATE TABLE " + name + " (id INT, `g``1` INT GENERATED ALWAYS AS (id + 1) STORED, at DATETIME(6) DEFAULT NOW(6) ON UPDATE NOW(6)"
	for i, c := range undoTypes {
		u.columns = append(u.columns, fmt.Sprintf("`c%d ```", i))
		definition += ", " + u.columns[i] + " " + c.column
	}
	r.exec(definition + key + ")")
	return u
}

// step makes a random change and gives its statement.
func (u *undoable) step() string {
	id := u.random.IntN(4)
	switch u.random.IntN(3) {
	case 0:
		names, values := []string{"id"}, []string{fmt.Sprint(id)}
		for i := range u.columns {
			names, values = append(names, u.columns[i]), append(values, u.literal(i))
		}
		verb := "INSERT"
		if u.keys {
			verb = "REPLACE"
		}
		return verb + " INTO " + u.name + " (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(values, ", ") + ")"
	case 1:
		return fmt.Sprintf("DELETE FROM %s WHERE id = %d", u.name, id)
	}
	var sets []string
	for i := range u.columns {
		if u.random.IntN(6) == 0 {
			sets = append(sets, u.columns[i]+" = "+u.literal(i))
		}
	}
	if u.random.IntN(5) == 0 || len(sets) == 0 {
		sets = append(sets, fmt.Sprintf("id = id + %d", 10*u.random.IntN(3)))
	}
	return fmt.Sprintf("UPDATE %s SET %s WHERE id = %d", u.name, strings.Join(sets, ", "), id)
}

// changesOf gives the changes of a commit with their table, in the order in which they are taken back.
func (r *running) changesOf(at scn.SCN) (*redosql.Table, []redosql.Change) {
	r.t.Helper()
	_, record, err := redolog.Get(context.Background(), r.database.Log, at)
	if err != nil {
		r.t.Fatal(err)
	}
	dictionary, err := r.database.Engine.CatalogAt(at)
	if err != nil {
		r.t.Fatal(err)
	}
	view, err := r.database.Engine.View(at)
	if err != nil {
		r.t.Fatal(err)
	}
	defer view.Rollback()
	var table *redosql.Table
	var changes []redosql.Change
	for i := range record.Changes {
		c := &record.Changes[i]
		def, ok := dictionary.TableByID(c.Table)
		if !ok || c.Table < catalog.FirstUserSpace {
			continue
		}
		var writer redosql.Writer
		if table, err = writer.Table(dictionary, def); err != nil {
			r.t.Fatal(err)
		}
		change := redosql.Of(c)
		if c.Op == redo.Update && len(def.PrimaryKey) == 0 {
			if change.Whole, _, _, err = view.Get(def, c.Key); err != nil {
				r.t.Fatal(err)
			}
		}
		if c.Op == redo.Insert {
			changes = append([]redosql.Change{change}, changes...) // goes first: it may have the key of one that comes back
		} else {
			changes = append(changes, change)
		}
	}
	return table, changes
}

// TestUndoSQLTypes takes back the insertion, and then the deletion, of the edges of every type.
func TestUndoSQLTypes(t *testing.T) {
	r := start(t)
	r.db.SetMaxOpenConns(1)
	for i, c := range typeCases {
		name := fmt.Sprintf("t%d", i)
		r.exec(fmt.Sprintf("CREATE TABLE %s (id INT PRIMARY KEY, v %s)", name, c.column))
		u := &undoable{r: r, name: name}
		for _, v := range append(c.values, [2]string{"NULL"}) {
			statement := fmt.Sprintf("INSERT INTO %s VALUES (1, %s)", name, v[0])
			r.exec(statement)
			want := r.content(name)
			table, changes := r.changesOf(r.database.Engine.Applied())
			if !u.run(statement, table.Undo, changes) || !u.run(statement, table.Redo, changes) {
				r.exec("DELETE FROM " + name)
				continue
			}
			if got := r.content(name); got != want {
				t.Errorf("%s %s: %s, want %s", c.column, v[0], got, want)
			}
			table, changes = r.changesOf(r.database.Engine.Applied())
			r.exec("DELETE FROM " + name)
			u.run(statement, table.Redo, changes)
			if got := r.content(name); got != want {
				t.Errorf("%s %s again: %s, want %s", c.column, v[0], got, want)
			}
			r.exec("DELETE FROM " + name)
		}
	}
}

// TestUndoSQL changes random rows of every type, takes each change back by its undo SQL, does it again by its redo SQL, and
// compares all bits of the table each time.
func TestUndoSQL(t *testing.T) {
	random := rand.New(rand.NewPCG(seedOf(t), 1))
	r := start(t)
	r.db.SetMaxOpenConns(1)
	r.exec("SET time_zone = 'Europe/Berlin'")
	for _, u := range []*undoable{
		newUndoable(r, random, "`odd ``name`", ", PRIMARY KEY (id)"), newUndoable(r, random, "keyless", ""),
		newUndoable(r, random, "two", ", PRIMARY KEY (id, `c13 ```, `c21 ```), UNIQUE KEY (`c3 ```)"),
	} {
		done := 0
		for tries := 0; done < 20; tries++ {
			if tries == 1000 {
				t.Fatalf("only %d changes of table %s could be tried", done, u.name)
			}
			done += u.check()
		}
	}
}

// content gives every row of a table, bit by bit, without the row ids of one that has no key.
func (r *running) content(table string) string {
	r.t.Helper()
	e := r.database.Engine
	def, ok := e.Catalog().Table("test", table)
	if !ok {
		r.t.Fatalf("no table %s", table)
	}
	view, err := e.View(e.Applied())
	if err != nil {
		r.t.Fatal(err)
	}
	defer view.Rollback()
	rows := view.Scan(def, txn.Range{})
	defer rows.Close()
	var all []string
	for rows.Next() {
		row := rows.Row()
		if row[0].ID == catalog.HiddenRowID {
			row = row[1:]
		}
		text := ""
		for _, c := range row {
			text += fmt.Sprintf(" %d=%s:%s", c.ID, c.Value.Kind(), c.Value)
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		r.t.Fatal(err)
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// check makes a random change, takes it back and does it again; it gives 0 if the change was none.
func (u *undoable) check() int {
	u.r.t.Helper()
	e, name := u.r.database.Engine, strings.ReplaceAll(strings.Trim(u.name, "`"), "``", "`")
	before, at, statement := u.r.content(name), e.Applied(), u.step()
	if _, err := u.r.db.Exec(statement); err != nil || e.Applied() == at {
		if err != nil && !strings.Contains(err.Error(), "1062") && !strings.Contains(err.Error(), "1048") {
			u.r.t.Fatalf("%s: %v", statement, err)
		}
		return 0
	}
	after := u.r.content(name)
	table, changes := u.r.changesOf(e.Applied())
	if !u.run(statement, table.Undo, changes) {
		u.r.t.FailNow()
	}
	if got := u.r.content(name); got != before {
		u.r.t.Fatalf("%s, undone:\n%s\nwant\n%s", statement, got, before)
	}
	slices.Reverse(changes)
	if !u.run(statement, table.Redo, changes) {
		u.r.t.FailNow()
	}
	if got := u.r.content(name); got != after {
		u.r.t.Fatalf("%s, undone and done again:\n%s\nwant\n%s", statement, got, after)
	}
	return 1
}

// run sends a statement for each change, and tells whether each changed one row.
func (u *undoable) run(statement string, write func(redosql.Change) (string, error), changes []redosql.Change) bool {
	u.r.t.Helper()
	for _, c := range changes {
		text, err := write(c)
		if err != nil {
			u.r.t.Fatal(err)
		}
		result, err := u.r.db.Exec(text)
		if err != nil {
			u.r.t.Errorf("%s\nafter %s: %v", text, statement, err)
			return false
		}
		if n, _ := result.RowsAffected(); n != 1 {
			u.r.t.Errorf("%.3000s\nafter %.1000s: %d rows", text, statement, n)
			return false
		}
	}
	return true
}
