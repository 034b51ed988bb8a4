package sql

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	mysqldriver "github.com/go-sql-driver/mysql"

	"redoubt/engine"
)

// What versions there were up to an SCN is always the same, whatever is written, flashed back, folded and collected meanwhile.
func TestVersionsWhileOthersWrite(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE t (id INT PRIMARY KEY, n INT, KEY (n))", "INSERT INTO t VALUES (1,1),(2,2),(3,3)", "UPDATE t SET n = n + 1")
	s := r.scn()
	r.exec("DELETE FROM t WHERE id = 2", fmt.Sprintf("FLASHBACK TABLE t TO SCN %d", s), "UPDATE t SET n = 7 WHERE id = 3")
	last := r.scn()
	queries := []string{
		fmt.Sprintf("SELECT id, n, versions_startscn, versions_endscn, versions_operation, versions_user FROM t VERSIONS BETWEEN SCN MINVALUE AND %d", last),
		fmt.Sprintf("SELECT id, n, versions_startscn FROM t VERSIONS BETWEEN SCN %d AND %d WHERE n BETWEEN 3 AND 7", s, last),
		fmt.Sprintf("FIND SCN WHERE (SELECT count(*) FROM t WHERE n = 7) = 1 BETWEEN %d AND %d", s, last),
	}
	var want [][]string
	for _, q := range queries {
		want = append(want, r.rows(q))
	}
	var writers, others sync.WaitGroup
	done := make(chan struct{})
	for w := range 2 {
		writers.Go(func() {
			for i := range 150 {
				statement := fmt.Sprintf("REPLACE INTO t VALUES (%d, %d)", (i+w)%5, i%9)
				if i%40 == 39 {
					statement = fmt.Sprintf("FLASHBACK TABLE t TO SCN %d", s)
				}
				var known *mysqldriver.MySQLError
				if _, err := r.db.Exec(statement); err != nil && (!errors.As(err, &known) || known.Number != 1213 && known.Number != 1412) {
					t.Errorf("%s: %v", statement, err)
				}
			}
		})
	}
	others.Go(func() {
		for {
			_, err := r.database.Engine.Fold(t.Context(), engine.Pace{BatchBytes: 1})
			_, collectErr := r.database.Engine.Collect(t.Context(), engine.Pace{BatchBytes: 1})
			if err = errors.Join(err, collectErr); err != nil {
				t.Error(err)
			}
			select {
			case <-done:
				return
			default:
			}
		}
	})
	for range 2 {
		others.Go(func() {
			for {
				for i, q := range queries {
					if got, err := queryRows(r.db, q); err != nil || !slices.Equal(got, want[i]) {
						t.Errorf("%s: %v, %v, want %v", q, got, err, want[i])
						return
					}
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	writers.Wait()
	close(done)
	others.Wait()
}
