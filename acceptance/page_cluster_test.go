package acceptance

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// TestPageCluster opens the page of one of three nodes and a standby that is late: all are there with role and lag, one that is killed is
// down and then up again, and the mark of the leader moves. All of it goes
// over HTTPS, by an authority of redoubt cert. testdata/page_cluster.cjs says how. With -artifacts its screenshots are kept.
func TestPageCluster(t *testing.T) {
	chromium := tool(t, "chromium")
	program := nodeProgram(t, "page_cluster.cjs", "playwright-core@"+playwrightVersion)
	certificate, flags := httpsFlags(t)
	c := newTrio(t, flags...)
	late := newServer(t, "--node-id", "late", "--standby", "--apply-delay", "1h", "--join", c.nodes[0].raft)
	first := conn(t, c.nodes[0].mysql, "")
	mustExec(
		t, first, "CREATE DATABASE ledger", "CREATE TABLE ledger.entries (id INT PRIMARY KEY AUTO_INCREMENT)",
		"CREATE USER watcher IDENTIFIED BY 'tower'", "GRANT SELECT ON *.* TO watcher",
		"CREATE USER ada", "GRANT SELECT ON *.* TO ada", "CREATE USER bob", "GRANT SELECT ON *.* TO bob",
		"CREATE TABLE ledger.many (id INT PRIMARY KEY)",
		"INSERT INTO ledger.many WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) SELECT i FROM n",
	)
	c.whole()
	late.start()
	write := func() { mustExec(t, first, "INSERT INTO ledger.entries () VALUES (), (), ()") }
	write()
	here, victim := c.names[0], c.names[2]
	counts(t, c.nodes[0], "bob")
	counts(t, c.nodes[1], "ada")
	b := startBrowser(t, program, c.nodes[0].http, here, "late", c.names[1], t.ArtifactDir(), chromium, certificate)

	b.said("nodes:")
	b.said("sessions:")
	c.nodes[2].kill()
	b.tell(victim)
	b.said("down:")
	write()
	c.nodes[2].start()
	b.tell("")
	b.said("up:")
	next := c.names[1]
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := first.ExecContext(ctx, "SWITCHOVER TO "+next); err != nil {
		t.Fatal(err)
	}
	b.tell(next)
	b.said("switched:")
	b.well()
	checkShots(t, "cluster-all", "cluster-down", "cluster-switched", "cluster-dark-390")
	c.failures()
}

// httpsFlags makes an authority and a certificate for 127.0.0.1; it gives what a browser knows the certificate by, the SHA-256 sum of its
// public key, and flags of a node.
func httpsFlags(t *testing.T) (sum string, flags []string) {
	t.Helper()
	dir := t.TempDir()
	for _, args := range [][]string{{"authority"}, {"node", "page", "--host", "127.0.0.1"}} {
		if out, err := command(t, time.Minute, "", binary, append(append([]string{"cert"}, args...), "--dir", dir)...); err != nil {
			t.Fatalf("redoubt cert %v: %v\n%s", args, err, out)
		}
	}
	certFile, keyFile := filepath.Join(dir, "page.pem"), filepath.Join(dir, "page-key.pem")
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	key := sha256.Sum256(pair.Leaf.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(key[:]), []string{"--http-cert", certFile, "--http-key", keyFile}
}

// counts has a user of a node count until the test is over, with pauses that leave the machine to others.
func counts(t *testing.T, s *server, user string) {
	t.Helper()
	db := open(t, s.mysql, "ledger", func(c *mysql.Config) { c.User = user })
	var working sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() { cancel(); working.Wait() })
	working.Go(func() {
		for ctx.Err() == nil {
			_, err := db.ExecContext(ctx, "SELECT COUNT(*) AS from_"+user+", SLEEP(0.1) FROM ledger.many a JOIN ledger.many b ON a.id + b.id > 200")
			if err != nil && ctx.Err() == nil { // while the lead moves
				t.Logf("%s: %v", user, err)
				time.Sleep(100 * time.Millisecond)
			}
		}
	})
}
