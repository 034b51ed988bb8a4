// A client whose transactions meet conflicts. Arguments: port, id of its row. It prints what retry, the loop of the guide, made of them.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"time"

	"github.com/go-sql-driver/mysql"
)

// the loop

// conflicts runs a transaction whose row another one changes in its first so many tries. It tells how often it was tried.
func conflicts(db *sql.DB, id string, count int) (tries int, err error) {
	err = retry(func() error {
		tries++
		tx, err := db.BeginTx(context.Background(), &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
		if err != nil {
			return err
		}
		defer tx.Rollback()
		var n int
		if err := tx.QueryRow("SELECT n FROM app.counter WHERE id = ?", id).Scan(&n); err != nil {
			return err
		}
		if tries <= count {
			if _, err := db.Exec("UPDATE app.counter SET n = n + 1 WHERE id = ?", id); err != nil {
				return err
			}
		}
		if _, err := tx.Exec("UPDATE app.counter SET n = ? WHERE id = ?", n+100, id); err != nil {
			return err
		}
		return tx.Commit()
	})
	return tries, err
}

func code(err error) uint16 {
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		return e.Number
	}
	return 0
}

func main() {
	db, err := sql.Open("mysql", "root@tcp(127.0.0.1:"+os.Args[1]+")/")
	if err != nil {
		log.Fatal(err)
	}
	for _, count := range []int{0, 2, 100} {
		tries, err := conflicts(db, os.Args[2], count)
		fmt.Println(tries, "tries, error", code(err))
	}
	tries := 0
	err = retry(func() error {
		tries++
		_, err := db.Exec("SELECT * FROM app.nowhere")
		return err
	})
	fmt.Println(tries, "tries, error", code(err))
}
