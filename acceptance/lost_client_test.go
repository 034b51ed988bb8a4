package acceptance

import (
	"fmt"
	"os/exec"
	"testing"
	"time"
)

// TestKilledProgram kills a client program in the middle of a transaction: what it had locked is free within seconds, and
// what it had changed is as it was.
func TestKilledProgram(t *testing.T) {
	tool(t, "mariadb")
	s := startServer(t)
	db := open(t, s.mysql, "")
	mustExec(t, db, "CREATE DATABASE lost", "CREATE TABLE lost.t (id INT PRIMARY KEY, v INT)", "INSERT INTO lost.t VALUES (1, 10), (2, 20), (3, 30)")
	for name, then := range map[string]string{
		"idle": "", "in a statement": "UPDATE t SET v = SLEEP(60) WHERE id = 2;\n", "waiting": "UPDATE t SET v = 0 WHERE id = 3;\n",
	} {
		t.Run(name, func(t *testing.T) {
			holder := conn(t, s.mysql, "lost")
			mustExec(t, holder, "BEGIN", "SELECT * FROM t WHERE id = 3 FOR UPDATE")
			cmd := exec.Command("mariadb", "--no-defaults", "-h", "127.0.0.1", "-P", port(s.mysql), "-u", "root", "lost")
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			program := start(t, "mariadb", cmd)
			fmt.Fprint(in, "BEGIN; UPDATE t SET v = 11 WHERE id = 1;\n"+then)
			eventually(t, 20*time.Second, "the program has its lock", func() error {
				got := one(t, db, "SELECT count(*) FROM redoubt.`V$LOCK` WHERE table_name = 't'")
				if want := map[string]string{"idle": "2", "in a statement": "2", "waiting": "3"}[name]; got != want {
					return fmt.Errorf("%s locks, want %s", got, want)
				}
				return nil
			})
			at := time.Now()
			program.kill()
			mustExec(t, db, "UPDATE lost.t SET v = v + 1 WHERE id = 1")
			if took := time.Since(at); took > 3*time.Second {
				t.Errorf("its lock was let go after %v", took)
			}
			mustExec(t, holder, "ROLLBACK")
			if got := one(t, db, "SELECT v FROM lost.t WHERE id = 1"); got != "11" {
				t.Errorf("v is %s, want one more than before", got)
			}
			mustExec(t, db, "UPDATE lost.t SET v = 10 WHERE id = 1")
		})
	}
}
