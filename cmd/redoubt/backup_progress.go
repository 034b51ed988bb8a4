package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/go-sql-driver/mysql"
	"golang.org/x/term"

	"redoubt/internal/shell"
)

// isTerminalOut tells whether somebody reads along.
func isTerminalOut(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// watchBackup tells, once in a second, how far the backup of a node is, by a connection of its own. stop ends it.
func watchBackup(o *shell.Options) (stop func()) {
	if ask := o.AskPassword; ask != nil {
		o.AskPassword = func() (password string, err error) {
			password, err = ask()
			o.Password = password // for the second connection
			return password, err
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		var db *sql.DB
		for {
			select {
			case <-ctx.Done():
				if db != nil {
					db.Close()
				}
				return
			case <-tick.C:
			}
			if db == nil {
				c := mysql.NewConfig()
				c.User, c.Passwd, c.Net, c.Addr, c.TLSConfig, c.Logger = o.User, o.Password, "tcp", o.Addr, "preferred", &mysql.NopLogger{}
				connector, err := mysql.NewConnector(c)
				if err != nil {
					continue
				}
				db = sql.OpenDB(connector)
			}
			if line, err := backupLine(ctx, db); err != nil && ctx.Err() == nil {
				fmt.Fprintf(o.Err, "how far it is cannot be told: %v\n", err)
			} else if line != "" {
				fmt.Fprintln(o.Err, line)
			}
		}
	}()
	return func() { cancel(); <-done }
}

// backupLine is how far the backup of a node is, in words; empty if there is none.
func backupLine(ctx context.Context, db *sql.DB) (string, error) {
	var step string
	var done, of, files, filesOf, sent float64
	var limit sql.NullFloat64
	row := db.QueryRowContext(ctx, "SELECT step, bytes_done, bytes_total, files_done, files_total, bytes_sent, limit_bytes_per_second FROM V$BACKUP_PROGRESS")
	err := row.Scan(&step, &done, &of, &files, &filesOf, &sent, &limit)
	if err == sql.ErrNoRows {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	line := step
	if of > 0 {
		line += fmt.Sprintf(" %.1f of %.1f MB (%.0f %%)", done/1e6, of/1e6, 100*done/of)
	}
	if filesOf > 0 {
		line += fmt.Sprintf(", %.0f of %.0f files", files, filesOf)
	}
	line += fmt.Sprintf("; sent %.1f MB", sent/1e6)
	if limit.Valid {
		line += fmt.Sprintf(", at most %.1f MB/s", limit.Float64/1e6)
	}
	return line, nil
}
