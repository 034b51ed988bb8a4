package sql

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
)

// TestFlashbackTransactionBusy takes transfers back while others transfer between the same accounts: what is taken back is
// whole transactions, so that no money comes or goes.
func TestFlashbackTransactionBusy(t *testing.T) {
	seed := seedOf(t)
	r := start(t)
	r.exec("CREATE TABLE account (id INT PRIMARY KEY, v INT, KEY (v))", "CREATE TABLE entry (id INT PRIMARY KEY AUTO_INCREMENT, account INT, v INT, FOREIGN KEY (account) REFERENCES account (id))")
	for i := range 20 {
		r.exec(fmt.Sprintf("INSERT INTO account VALUES (%d, 100)", i))
	}
	first := uint64(r.database.Engine.Applied())
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for w := range 3 {
		random := rand.New(rand.NewPCG(seed, uint64(w)))
		writers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := moveMoney(r, random); err != nil && !isRetryable(err) {
					t.Errorf("transfer: %v", err)
					return
				}
			}
		})
	}
	random := rand.New(rand.NewPCG(seed, 100))
	done := 0
	for done < 40 && !t.Failed() {
		at := uint64(r.database.Engine.Applied())
		if at <= first+5 {
			continue
		}
		back := at - random.Uint64N(min(at-first, 12))
		mode := []string{"NOCASCADE", "CASCADE"}[random.IntN(2)]
		rows, err := queryRows(r.db, fmt.Sprintf("FLASHBACK TRANSACTION (SELECT DISTINCT xid FROM flashback_transaction_query WHERE scn = %d AND operation <> 'DDL') %s", back, mode))
		switch {
		case err == nil && len(rows) > 0:
			done++
		case err != nil && !isRetryable(err) && !strings.Contains(err.Error(), "RD-121") && !strings.Contains(err.Error(), "RD-1006"):
			t.Errorf("%s of SCN %d: %v", mode, back, err)
		}
	}
	close(stop)
	writers.Wait()
	r.want("SELECT sum(v), count(*) FROM account", "2000|20")
	r.want("SELECT a.id FROM account a LEFT JOIN (SELECT account, sum(v) AS v FROM entry GROUP BY account) e ON e.account = a.id WHERE a.v <> 100 + coalesce(e.v, 0)")
	r.database.CheckLaw(t)
	r.database.CheckIndexes(t)
}

// moveMoney moves an amount between two accounts, with an entry for each.
func moveMoney(r *running, random *rand.Rand) error {
	from, to, amount := random.IntN(20), random.IntN(20), 1+random.IntN(9)
	tx, err := r.db.BeginTx(context.Background(), nil)
	if err != nil {
		return err
	}
	for _, s := range []string{
		fmt.Sprintf("UPDATE account SET v = v - %d WHERE id = %d", amount, from), fmt.Sprintf("UPDATE account SET v = v + %d WHERE id = %d", amount, to),
		fmt.Sprintf("INSERT INTO entry (account, v) VALUES (%d, %d), (%d, %d)", from, -amount, to, amount),
	} {
		if _, err := tx.Exec(s); err != nil {
			_ = tx.Rollback()
			return err
		}
	}
	return tx.Commit()
}
