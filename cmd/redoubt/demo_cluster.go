package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"redoubt/internal/freeport"
	"redoubt/node"
)

// Sizes of the demo of a cluster.
const (
	clusterNodes   = 3
	clusterClients = 6
	clusterLoad    = 3 * time.Second // before the leader is killed, and after it
)

// clusterDemo is three nodes in this process and clients that commit on any of them.
type clusterDemo struct {
	ctx   context.Context
	out   io.Writer
	nodes []*node.Node
	pools []*sql.DB

	mu           sync.Mutex
	acknowledged map[int64]bool // ids of rows whose commit was acknowledged
	killed       time.Time
	recovered    time.Time // of the first acknowledgement of a commit that was begun after the kill

	next   atomic.Int64 // id of the next row
	failed atomic.Int64 // tries that met an error
}

// demoCluster starts three nodes, kills the one that leads under load, and counts what was lost.
func demoCluster(ctx context.Context, out, errs io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "redoubt-demo-")
	if err != nil {
		return fmt.Errorf("make a directory for the demo: %w", err)
	}
	d := &clusterDemo{ctx: ctx, out: out, acknowledged: map[int64]bool{}}
	defer func() { err = errors.Join(err, d.close(), os.RemoveAll(dir)) }()
	fmt.Fprintln(out, "Redoubt: three nodes in this process are one database. All of them take reads and writes.")
	if err := d.start(dir, errs); err != nil {
		return err
	}
	if err := d.show("The cluster"); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n== %d clients insert rows through all three nodes\n", clusterClients)
	if _, err := d.pools[0].ExecContext(ctx, "CREATE DATABASE shop"); err != nil {
		return err
	}
	if _, err := d.pools[1].ExecContext(ctx, "CREATE TABLE shop.orders (id BIGINT PRIMARY KEY, node INT NOT NULL)"); err != nil {
		return err
	}
	if err := d.load(); err != nil {
		return err
	}
	return d.account()
}

// start makes a database on the first node, and lets the others join.
func (d *clusterDemo) start(dir string, errs io.Writer) error {
	logger, err := newLogger("fatal", errs) // what a node says of another one that is gone would be in the way
	if err != nil {
		return err
	}
	first := ""
	for i := range clusterNodes {
		flags := map[string]string{"data": filepath.Join(dir, fmt.Sprint("n", i+1)), "join": first}
		for _, name := range []string{"mysql", "http", "raft"} {
			if flags[name], err = freeport.Address(); err != nil {
				return err
			}
		}
		config, err := node.Load("", flags)
		if err != nil {
			return err
		}
		began := time.Now()
		n, err := node.Open(d.ctx, config, logger)
		if err != nil {
			return err
		}
		if first == "" {
			first = n.Addresses().Raft
		}
		pool, err := sql.Open("mysql", "root@tcp("+n.Addresses().MySQL+")/")
		if err != nil {
			return errors.Join(err, n.Close())
		}
		d.nodes, d.pools = append(d.nodes, n), append(d.pools, pool)
		fmt.Fprintf(d.out, "  n%d is up on %s, after %s\n", i+1, n.Addresses().MySQL, round(time.Since(began)))
	}
	return d.await("three nodes that count for the quorum", "SELECT count(*) = 3 FROM redoubt.V$NODE WHERE voter")
}

// await waits until a query says 1 on a node that is up.
func (d *clusterDemo) await(what, query string) error {
	ctx, cancel := context.WithTimeout(d.ctx, time.Minute)
	defer cancel()
	for {
		var is bool
		err := d.alive().QueryRowContext(ctx, query).Scan(&is)
		if err == nil && is {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("wait for %s: %w", what, ctx.Err()), err)
		}
	}
}

// alive is a way to a node that was not killed.
func (d *clusterDemo) alive() *sql.DB {
	for i, n := range d.nodes {
		if n != nil {
			return d.pools[i]
		}
	}
	return nil
}

// show lists the nodes.
func (d *clusterDemo) show(title string) error {
	fmt.Fprintf(d.out, "\n== %s\n", title)
	const query = "SELECT node, role, up, applied_scn, state_hash FROM redoubt.V$NODE ORDER BY node"
	db, err := d.alive().Conn(d.ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	shown, err := (&demonstration{ctx: d.ctx, out: d.out, db: db}).query(query)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "  redoubt> %s;\n", query)
	for line := range strings.Lines(shown.Render() + "\n") {
		fmt.Fprintf(d.out, "  %s", line)
	}
	return nil
}

// load lets clients work, and kills the node that leads in the middle of it.
func (d *clusterDemo) load() error {
	ctx, stop := context.WithCancel(d.ctx)
	defer stop()
	var working sync.WaitGroup
	for i := range clusterClients {
		working.Go(func() { d.work(ctx, i%clusterNodes) })
	}
	d.pass(clusterLoad)
	leader, err := d.leader()
	if err == nil {
		d.mu.Lock()
		fmt.Fprintf(d.out, "  %d commits were acknowledged in %s\n", len(d.acknowledged), clusterLoad)
		d.killed = time.Now()
		d.mu.Unlock()
		fmt.Fprintf(d.out, "\n== n%d leads, and is killed\n", leader+1)
		n := d.nodes[leader]
		d.nodes[leader] = nil
		d.pools[leader].Close()
		err = n.Kill()
		d.pass(clusterLoad)
	}
	stop()
	working.Wait()
	return err
}

func (d *clusterDemo) pass(span time.Duration) {
	select {
	case <-time.After(span):
	case <-d.ctx.Done():
	}
}

// leader is the index of the node that leads.
func (d *clusterDemo) leader() (int, error) {
	if err := d.await("a leader", "SELECT count(*) = 1 FROM redoubt.V$NODE WHERE role = 'LEADER'"); err != nil {
		return 0, err
	}
	var name string
	if err := d.alive().QueryRowContext(d.ctx, "SELECT node FROM redoubt.V$NODE WHERE role = 'LEADER'").Scan(&name); err != nil {
		return 0, fmt.Errorf("find the leader: %w", err)
	}
	for i := range d.nodes {
		if name == fmt.Sprint("n", i+1) {
			return i, nil
		}
	}
	return 0, fmt.Errorf("%s leads, which is none of the demo's", name)
}

// work is one client: it inserts rows at a node, and goes on at another one after an error. A row whose insert met an error may be
// there or not, so its number is not used again.
func (d *clusterDemo) work(ctx context.Context, at int) {
	for ctx.Err() == nil {
		id, began := d.next.Add(1), time.Now()
		trying, cancel := context.WithTimeout(ctx, 2*time.Second)
		_, err := d.pools[at].ExecContext(trying, fmt.Sprintf("INSERT INTO shop.orders VALUES (%d, %d)", id, at+1))
		cancel()
		if err != nil {
			d.failed.Add(1)
			at = (at + 1 + rand.IntN(clusterNodes-1)) % clusterNodes
			continue
		}
		d.mu.Lock()
		d.acknowledged[id] = true
		if !d.killed.IsZero() && began.After(d.killed) && d.recovered.IsZero() {
			d.recovered = time.Now()
		}
		d.mu.Unlock()
	}
}

// account compares what the nodes have with what was acknowledged.
func (d *clusterDemo) account() error {
	if d.recovered.IsZero() {
		return errors.New("nothing was committed after the leader was killed")
	}
	rows, err := d.alive().QueryContext(d.ctx, "SELECT id FROM shop.orders")
	if err != nil {
		return err
	}
	defer rows.Close()
	lost := len(d.acknowledged)
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return err
		}
		if d.acknowledged[id] {
			lost--
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if err := d.show("The other two go on"); err != nil {
		return err
	}
	fmt.Fprintf(d.out, "\n  next commit after the kill: %s\n  commits acknowledged: %d\n  commits lost: %d\n  tries that met an error and went to another node: %d\n",
		round(d.recovered.Sub(d.killed)), len(d.acknowledged), lost, d.failed.Load())
	if lost > 0 {
		return fmt.Errorf("%d commits that were acknowledged are lost", lost)
	}
	return nil
}

func (d *clusterDemo) close() error {
	var errs []error
	for i, n := range d.nodes {
		errs = append(errs, d.pools[i].Close())
		if n != nil {
			errs = append(errs, n.Kill()) // a clean stop of the last two would wait for one another, and nothing is kept
		}
	}
	return errors.Join(errs...)
}
