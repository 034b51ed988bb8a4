package server

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	_ "github.com/go-sql-driver/mysql" // clients are like any other

	"redoubt/bench/measure"
)

// Redoubt runs the given binary, with its settings as they are by default but for the addresses. Options come after these.
func Redoubt(binary string, options ...string) *Kind {
	return &Kind{
		Name: "redoubt",
		Installed: func(ctx context.Context) (string, error) {
			return output(ctx, exec.CommandContext(ctx, binary, "version"))
		},
		Init:         func(context.Context, string) error { return nil }, // serve does it
		CreateSchema: "CREATE DATABASE bench",
		RedoBytes:    redoubtRedo,
		Insert:       insertValues(),
		command: func(dir string, ports [3]int) *exec.Cmd {
			arguments := []string{
				"serve", "--data", dir, "--log-level", "error",
				"--mysql", address(ports[0]), "--http", address(ports[1]), "--raft", address(ports[2]),
			}
			return orphanless(exec.Command(binary, append(arguments, options...)...))
		},
		client: mysqlClient,
	}
}

func redoubtRedo(r *Running) (int64, error) {
	c := Counter{URL: r.Pages() + "/metrics", Name: "redoubt_log_payload_bytes_total"}
	n := c.Read()
	return int64(n), c.Err
}

// KeepRedo are options of MariaDB with which nothing is written back early: after a kill all redo has to be read.
var KeepRedo = []string{"--innodb-adaptive-flushing=0", "--innodb-io-capacity=100", "--innodb-io-capacity-max=100"}

// MariaDB runs an installed mariadbd. Each commit is flushed, there is no binary log, all data fits into its memory, and
// redo holds 2 GiB. Options come after these.
func MariaDB(options ...string) *Kind {
	return &Kind{
		Name: "mariadb",
		Installed: func(ctx context.Context) (string, error) {
			return output(ctx, exec.CommandContext(ctx, "mariadbd", "--no-defaults", "--version"))
		},
		Init: func(ctx context.Context, dir string) error {
			_, err := output(ctx, exec.CommandContext(ctx, "mariadb-install-db", "--no-defaults", "--datadir="+dir,
				"--auth-root-authentication-method=normal", "--skip-test-db", "--user="+mariadbUser))
			return err
		},
		CreateSchema: "CREATE DATABASE bench",
		RedoBytes: func(r *Running) (int64, error) {
			return askNumber(r, "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'INNODB_LSN_CURRENT'")
		},
		Insert: insertValues(),
		command: func(dir string, ports [3]int) *exec.Cmd {
			arguments := []string{
				"--no-defaults", "--datadir=" + dir, "--socket=" + dir + "/s", "--bind-address=127.0.0.1",
				fmt.Sprintf("--port=%d", ports[0]), "--user=" + mariadbUser, "--skip-log-bin", "--innodb-flush-log-at-trx-commit=1",
				"--innodb-buffer-pool-size=4G", "--innodb-log-file-size=2G",
			}
			return orphanless(exec.Command("mariadbd", append(arguments, options...)...))
		},
		client: mysqlClient,
	}
}

// mariadbUser is whom the server runs as when it is started by root; else it is not heeded.
const mariadbUser = "root"

// insertValues gives statements of a thousand rows of about 200 bytes. Safe for concurrent use.
func insertValues() func(first int) (string, int) {
	const rows = 1000
	text := measure.NewText()
	return func(first int) (string, int) {
		var b strings.Builder
		b.Grow(rows * 220)
		b.WriteString("INSERT INTO bench.t VALUES ")
		for i := range rows {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "(%d,'%s')", first+i, text.At(uint64(first+i), 200))
		}
		return b.String(), rows
	}
}

// mysqlSession is one connection of MySQL's protocol.
type mysqlSession struct {
	db   *sql.DB
	conn *sql.Conn
}

func mysqlClient(_ string, ports [3]int) (Client, error) {
	db, err := sql.Open("mysql", DSN(address(ports[0])))
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(context.Background())
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &mysqlSession{db, conn}, nil
}

// DSN is the data source name of root without a password, as a new server has it.
func DSN(address string) string { return "root@tcp(" + address + ")/?maxAllowedPacket=0" }

func (s *mysqlSession) Ask(ctx context.Context, statement string) (string, error) {
	rows, err := s.conn.QueryContext(ctx, statement)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	answer := ""
	if rows.Next() {
		columns, err := rows.Columns()
		if err != nil {
			return "", err
		}
		places := make([]any, len(columns))
		places[0] = &answer
		for i := 1; i < len(places); i++ {
			places[i] = new(sql.RawBytes)
		}
		if err := rows.Scan(places...); err != nil {
			return "", err
		}
	}
	return answer, rows.Err()
}

func (s *mysqlSession) Close() error { return errors.Join(s.conn.Close(), s.db.Close()) }
