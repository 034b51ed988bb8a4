package sql

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	mysqldriver "github.com/go-sql-driver/mysql"
)

// TestForeignKeyNameTwice: of two sessions that give foreign keys one name at the same time, one is refused.
func TestForeignKeyNameTwice(t *testing.T) {
	r := start(t)
	r.exec("CREATE TABLE p (id INT PRIMARY KEY)", "CREATE TABLE c0 (id INT PRIMARY KEY, p INT)", "CREATE TABLE c1 (id INT PRIMARY KEY, p INT)")
	for round := range 60 {
		ways := [2]string{"ALTER TABLE c0 ADD CONSTRAINT k%d FOREIGN KEY (p) REFERENCES p (id)", "ALTER TABLE c1 ADD CONSTRAINT K%d FOREIGN KEY (p) REFERENCES p (id)"}
		if round%2 == 1 {
			ways[1] = fmt.Sprintf("CREATE TABLE n%d (id INT PRIMARY KEY, p INT, CONSTRAINT k%%d FOREIGN KEY (p) REFERENCES p (id))", round)
		}
		var both sync.WaitGroup
		var failures [2]error
		for i, way := range ways {
			both.Go(func() { _, failures[i] = r.db.Exec(fmt.Sprintf(way, round)) })
		}
		both.Wait()
		made := 0
		for _, err := range failures {
			var known *mysqldriver.MySQLError
			switch {
			case err == nil:
				made++
			case !errors.As(err, &known) || known.Number != 1826:
				t.Errorf("round %d: %v, want error 1826", round, err)
			}
		}
		if made != 1 {
			t.Fatalf("round %d: %d foreign keys of one name were made", round, made)
		}
	}
}
