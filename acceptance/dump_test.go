package acceptance

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

const queriesFile = "testdata/shop_queries.sql"

// shopSeed makes the same shop in every run, so that a difference found once is found again.
const shopSeed = 20

// TestDump loads a dump of MariaDB into Redoubt, asks both the same, changes both alike, and goes back the other way.
func TestDump(t *testing.T) {
	maria := startMariaDB(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "shop.sql")
	makeShop(t, maria, file)

	redoubt := startServer(t)
	t.Run("load", func(t *testing.T) {
		mustExec(t, open(t, redoubt.mysql, ""), "CREATE DATABASE shop")
		began := time.Now()
		if err := load(t, redoubt.mysql, "shop", file); err != nil {
			t.Fatalf("Redoubt refused the dump: %v", err)
		}
		t.Logf("loaded in %s", time.Since(began).Round(time.Millisecond))
	})
	t.Run("same tables", func(t *testing.T) { compareTables(t, maria.address, redoubt.mysql, "shop", "shop") })
	t.Run("same in the binary protocol", func(t *testing.T) { compareBinary(t, maria.address, redoubt.mysql) })
	t.Run("same answers, prepared", func(t *testing.T) { comparePrepared(t, maria.address, redoubt.mysql, queriesFile) })
	t.Run("same answers", func(t *testing.T) { compareScript(t, maria.address, redoubt.mysql, queriesFile) })
	t.Run("same tables after writes", func(t *testing.T) { compareTables(t, maria.address, redoubt.mysql, "shop", "shop") })
	t.Run("back to MariaDB", func(t *testing.T) {
		back := filepath.Join(dir, "back.sql")
		if err := dump(t, redoubt.mysql, "shop", back, "--routines", "--triggers"); err != nil {
			t.Fatalf("mariadb-dump of Redoubt: %v", err)
		}
		mustExec(t, open(t, maria.address, ""), "CREATE DATABASE back")
		known(t, "dump of Redoubt", "loads into MariaDB", func() error {
			if err := load(t, maria.address, "back", back); err != nil {
				return err
			}
			compareTables(t, maria.address, maria.address, "shop", "back")
			return nil
		})
	})
}

// makeShop creates and fills the shop on MariaDB and dumps it.
func makeShop(t *testing.T, maria *peer, file string) {
	t.Helper()
	schema, err := os.ReadFile("testdata/shop_schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	mustExec(t, open(t, maria.address, ""), "CREATE DATABASE shop")
	if out, err := client(t, time.Minute, maria.address, string(schema), "shop"); err != nil {
		t.Fatalf("schema: %v\n%s", err, out)
	}
	scale := 1.0
	if testing.Short() {
		scale = 0.03
	}
	began := time.Now()
	s := fillShop(t, conn(t, maria.address, "shop"), seed(t, shopSeed), scale)
	if !testing.Short() && s.total < 200_000 {
		t.Fatalf("only %d rows were generated", s.total)
	}
	if err := dump(t, maria.address, "shop", file, "--routines", "--triggers"); err != nil {
		t.Fatalf("mariadb-dump of MariaDB: %v", err)
	}
	t.Logf("%d rows made and dumped in %s", s.total, time.Since(began).Round(time.Millisecond))
}

// compareTables compares the tables and views of two databases, with all their rows.
func compareTables(t *testing.T, wantAt, gotAt, wantDB, gotDB string) {
	t.Helper()
	want, got := open(t, wantAt, wantDB), open(t, gotAt, gotDB)
	names := tables(t, want, wantDB)
	if len(names) < 12 {
		t.Fatalf("only the tables %v", names)
	}
	for _, name := range append(names, "active_customer", "purchase_total", "best_customer") {
		known(t, t.Name(), name, func() error {
			query := "SELECT * FROM `" + name + "`"
			a, err := askWithin(t, want, query)
			if err != nil {
				t.Fatalf("%s: %v", query, err)
			}
			b, err := askWithin(t, got, query)
			if err != nil {
				return fmt.Errorf("%s: %w", query, err)
			}
			if d := difference(a.sorted(), b.sorted()); d != "" {
				return errors.New(d)
			}
			return nil
		})
	}
}

// compareBinary reads every table by prepared statements, which carry values in their types instead of as text.
func compareBinary(t *testing.T, wantAt, gotAt string) {
	t.Helper()
	want, got := open(t, wantAt, "shop"), open(t, gotAt, "shop")
	for _, name := range tables(t, want, "shop") {
		known(t, "binary protocol", name, func() error {
			query := "SELECT * FROM `" + name + "` WHERE ? = 1"
			a, wantTypes, err := askTyped(t, want, query)
			if err != nil {
				t.Fatalf("MariaDB: %s: %v", query, err)
			}
			b, gotTypes, err := askTyped(t, got, query)
			if err != nil {
				return err
			}
			if !slices.Equal(wantTypes, gotTypes) {
				err = fmt.Errorf("types of columns %q: want %q, got %q", a.columns, wantTypes, gotTypes)
			}
			if d := difference(a.sorted(), b.sorted()); d != "" {
				err = errors.Join(err, errors.New(d))
			}
			return err
		})
	}
}

// askTyped runs a prepared statement and gives, besides the values, the names of the columns' types.
func askTyped(t *testing.T, db *sql.DB, query string) (result, []string, error) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query, 1)
	if err != nil {
		return result{}, nil, err
	}
	defer rows.Close()
	columns, err := rows.ColumnTypes()
	if err != nil {
		return result{}, nil, err
	}
	var types []string
	for _, c := range columns {
		nullable, _ := c.Nullable()
		types = append(types, fmt.Sprintf("%s null:%t", c.DatabaseTypeName(), nullable))
	}
	r, err := readAll(rows)
	return r, types, err
}
