package sql

import (
	"context"
	gosql "database/sql"
	"fmt"
	"net"
	"testing"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
)

// wired is a client with its socket.
type wired struct {
	on
	socket *net.TCPConn
	id     string
}

func (r *running) wired(t *testing.T) *wired {
	t.Helper()
	w := &wired{}
	c := mysqldriver.NewConfig()
	c.Net, c.Addr, c.User, c.DBName, c.Logger = "tcp", r.server.Addr(), "root", "test", &mysqldriver.NopLogger{}
	c.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		s, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err == nil {
			w.socket = s.(*net.TCPConn)
		}
		return s, err
	}
	connector, err := mysqldriver.NewConnector(c)
	if err != nil {
		t.Fatal(err)
	}
	db := gosql.OpenDB(connector)
	t.Cleanup(func() { db.Close() })
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	w.on = on{conn, t}
	id, err := queryRows(w, "SELECT CONNECTION_ID()")
	if err != nil {
		t.Fatal(err)
	}
	w.id = id[0]
	return w
}

// TestLostClients: a client that is gone, however it went and whatever it was doing, loses its locks and its changes within
// seconds.
func TestLostClients(t *testing.T) {
	ends := map[string]func(r *running, w *wired){
		"as the kernel closes a killed program's socket": func(_ *running, w *wired) { w.socket.Close() },
		"reset": func(_ *running, w *wired) { w.socket.SetLinger(0); w.socket.Close() },
		"KILL":  func(r *running, w *wired) { r.exec("KILL " + w.id) },
	}
	doing := map[string]func(r *running, w *wired){
		"idle in its transaction": func(*running, *wired) {},
		"waiting for a lock": func(r *running, w *wired) {
			w.begins(r, "UPDATE t SET v = 0 WHERE id = 2")
		},
		"in a long statement": func(r *running, w *wired) {
			go w.ExecContext(context.Background(), "UPDATE t SET v = SLEEP(30) WHERE id = 3")
			for len(r.rows("SELECT id FROM information_schema.processlist WHERE info LIKE 'UPDATE t SET v = SLEEP%' AND id = "+w.id)) == 0 {
			}
		},
		"reading for long": func(r *running, w *wired) {
			go w.QueryContext(context.Background(), "SELECT SLEEP(30) FROM t")
			for len(r.rows("SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%' AND id = "+w.id)) == 0 {
			}
		},
	}
	for does, begin := range doing {
		for how, end := range ends {
			t.Run(fmt.Sprintf("%s, %s", does, how), func(t *testing.T) {
				r, a, b := pair(t, readCommitted)
				r.exec("INSERT INTO t VALUES (3, 30)")
				a.exec("BEGIN", "UPDATE t SET v = 21 WHERE id = 2")
				w := r.wired(t)
				w.exec("BEGIN", "UPDATE t SET v = 11 WHERE id = 1")
				begin(r, w)
				next := b.waits(r, "UPDATE t SET v = v + 1 WHERE id = 1")
				at := time.Now()
				end(r, w)
				next.ends("")
				if took := time.Since(at); took > 4*time.Second {
					t.Errorf("its lock was let go after %v", took)
				}
				r.want("SELECT v FROM t WHERE id = 1", "11") // 10, and one
				a.exec("COMMIT")
				r.want("SELECT v FROM t ORDER BY id", "11", "21", "30")
			})
		}
	}
}
