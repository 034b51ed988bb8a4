package acceptance

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// insideNetwork is set where a test has a network of its own.
const insideNetwork = "REDOUBT_OWN_NETWORK"

// ownNetwork runs the rest of a test in a network namespace, so that it may cut connections between processes: the test starts again
// there, and here it is over (false). Only root can; others go on without.
func ownNetwork(t *testing.T) (here bool) {
	t.Helper()
	if os.Getenv(insideNetwork) != "" || os.Geteuid() != 0 {
		return true
	}
	tool(t, "nft")
	tool(t, "ip")
	args := []string{
		"-test.run=^" + t.Name() + "$", "-test.v", "-test.timeout=0", fmt.Sprint("-test.short=", testing.Short()),
		"-redoubt=" + binary, fmt.Sprint("-seed=", *seedFlag), fmt.Sprint("-cluster-time=", *clusterTime), "-cluster-faults=" + *clusterFaults,
	}
	c := exec.CommandContext(t.Context(), os.Args[0], args...)
	c.Env = append(os.Environ(), insideNetwork+"=1")
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	said := newOutput()
	c.Stdout, c.Stderr = io.MultiWriter(os.Stderr, said), os.Stderr
	if err := c.Run(); err != nil || !strings.Contains(said.String(), "--- PASS: "+t.Name()) {
		t.Fatalf("in a network of its own: %v", err)
	}
	return false
}

// trio is a cluster of three processes. In a network of its own each has an address and a user of its own: packets between two nodes are
// known by their addresses, and clients have others.
type trio struct {
	t     *testing.T
	root  string
	own   bool // a network
	nodes [3]*server
	names [3]string
	extra []string
	made  int // nodes that ever were

	mu    sync.Mutex
	pools [3]*sql.DB
}

const firstUser = 31000 // of the nodes in a network of their own

func newTrio(t *testing.T, extra ...string) *trio {
	t.Helper()
	c := &trio{t: t, own: os.Getenv(insideNetwork) != "", extra: extra}
	var err error
	if c.root, err = os.MkdirTemp("", "redoubt-trio-"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(c.root) })
	if c.own {
		for _, dir := range []string{c.root, filepath.Dir(binary)} {
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		c.network()
	}
	for i := range c.nodes {
		c.add(i)
	}
	return c
}

func (c *trio) host(i int) string {
	if c.own {
		return fmt.Sprint("127.0.0.", 11+i)
	}
	return "127.0.0.1"
}

// network gives each node's user an address, and makes the table of what is cut.
func (c *trio) network() {
	c.must("ip", "link", "set", "lo", "up")
	c.must("ip", "rule", "add", "pref", "100", "lookup", "local")
	c.must("ip", "rule", "del", "pref", "0")
	for i := range c.nodes {
		user, table := firstUser+i, strconv.Itoa(200+i)
		c.must("ip", "rule", "add", "pref", strconv.Itoa(1+i), "uidrange", fmt.Sprintf("%d-%d", user, user), "lookup", table)
		c.must("ip", "route", "add", "local", "127.0.0.0/8", "dev", "lo", "table", table, "src", c.host(i))
	}
	c.nft(`table inet part {
		set cut { type ipv4_addr . ipv4_addr; }
		set lossy { type ipv4_addr . ipv4_addr; }
		counter dropped { }
		chain in {
			type filter hook input priority 0; policy accept;
			ip saddr . ip daddr @cut counter name dropped drop
			ip saddr . ip daddr @lossy numgen random mod 100 < 20 counter name dropped drop
		}
	}`)
}

func (c *trio) must(name string, args ...string) {
	c.t.Helper()
	if said, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		c.t.Fatalf("%s %v: %v\n%s", name, args, err, said)
	}
}

func (c *trio) nft(script string) string {
	c.t.Helper()
	p := exec.Command("nft", "-f", "-")
	p.Stdin = strings.NewReader(script)
	said, err := p.CombinedOutput()
	if err != nil {
		c.t.Fatalf("nft: %v\n%s\n%s", err, said, script)
	}
	return string(said)
}

// cut drops what goes from one node to another.
func (c *trio) cut(set string, from, to int) {
	c.t.Helper()
	c.nft(fmt.Sprintf("add element inet part %s { %s . %s }\n", set, c.host(from), c.host(to)))
}

// heal ends all cuts, and tells how many packets were dropped.
func (c *trio) heal() int {
	c.t.Helper()
	c.nft("flush set inet part cut\nflush set inet part lossy\n")
	said := c.nft("reset counter inet part dropped\n")
	if said == "" {
		b, err := exec.Command("nft", "reset", "counter", "inet", "part", "dropped").Output()
		if err != nil {
			c.t.Fatal(err)
		}
		said = string(b)
	}
	n := 0
	if _, rest, ok := strings.Cut(said, "packets "); ok {
		fmt.Sscan(rest, &n)
	}
	return n
}

// add starts a new node in place i.
func (c *trio) add(i int) {
	c.t.Helper()
	c.made++
	c.names[i] = fmt.Sprint("node", c.made)
	s := &server{t: c.t, dir: filepath.Join(c.root, c.names[i]), mysql: c.free(i), http: c.free(i), raft: c.free(i)}
	s.env = []string{"REDOUBT_CLOCK_FILE=" + c.clock(i)}
	s.extra = append([]string{"--node-id", c.names[i]}, c.extra...)
	if c.own {
		s.user = uint32(firstUser + i)
		if err := os.Mkdir(s.dir, 0o700); err != nil {
			c.t.Fatal(err)
		}
		if err := os.Chown(s.dir, int(s.user), int(s.user)); err != nil {
			c.t.Fatal(err)
		}
	}
	for j, other := range c.nodes {
		if j != i && other != nil {
			s.extra = append(s.extra, "--join", other.raft)
			break
		}
	}
	s.start()
	c.nodes[i] = s
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pools[i] = open(c.t, s.mysql, "ledger", func(m *mysql.Config) {
		m.Timeout, m.ReadTimeout, m.WriteTimeout = time.Second, 4*time.Second, 4*time.Second // a node that is stopped answers nothing
	})
}

// clock is the file that a node's clock looks at, if it is built so.
func (c *trio) clock(i int) string { return filepath.Join(c.root, c.names[i]+".clock") }

func (c *trio) free(i int) string { return c.host(i) + ":" + port(freeAddress(c.t)) }

// pool gives the connections of clients to a node.
func (c *trio) pool(i int) *sql.DB {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pools[i%3]
}

// view is V$NODE as a node has it: for each name the columns.
func (c *trio) view(i int, columns string) (map[string][]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	r, err := ask(ctx, c.pool(i), "SELECT node, "+columns+" FROM redoubt.`V$NODE`")
	m := map[string][]string{}
	for _, row := range r.rows {
		m[row[0]] = row[1:]
	}
	return m, err
}

// leader finds the node that leads, by what most nodes say.
func (c *trio) leader() (leader int) {
	c.t.Helper()
	eventually(c.t, time.Minute, "one node leads", func() error {
		votes := map[string]int{}
		var err error
		for i := range c.nodes {
			var m map[string][]string
			if m, err = c.view(i, "role"); err != nil {
				continue
			}
			for name, v := range m {
				if v[0] == "LEADER" {
					votes[name]++
				}
			}
		}
		for i, name := range c.names {
			if votes[name] >= 2 {
				leader = i
				return nil
			}
		}
		return fmt.Errorf("%v, %w", votes, err)
	})
	return leader
}

// whole waits until all three nodes count and answer.
func (c *trio) whole() {
	c.t.Helper()
	eventually(c.t, 90*time.Second, "three nodes are up and vote", func() error {
		for i := range c.nodes {
			m, err := c.view(i, "up, voter, role")
			if err != nil {
				return fmt.Errorf("%s: %w", c.names[i], err)
			}
			for _, name := range c.names {
				if v := m[name]; len(m) != 3 || len(v) == 0 || v[0] != "1" || v[1] != "1" {
					return fmt.Errorf("%s says %v", c.names[i], m)
				}
			}
		}
		return nil
	})
}

// same waits until nothing is committed any more, and compares what the nodes have.
func (c *trio) same() {
	c.t.Helper()
	last := ""
	var since time.Time
	eventually(c.t, time.Minute, "all nodes are at one SCN, which stays", func() error {
		at, hashes := map[string]bool{}, map[string]bool{}
		for i := range c.nodes {
			m, err := c.view(i, "applied_scn, hash_scn, state_hash")
			if err != nil {
				return err
			}
			for _, v := range m {
				at[v[0]], at[v[1]], hashes[v[2]] = true, true, true
			}
		}
		if len(at) != 1 {
			last = ""
			return fmt.Errorf("SCNs %v", at)
		}
		if len(hashes) != 1 {
			c.t.Fatalf("at one SCN, %v, the nodes have different states: %v", at, hashes)
		}
		now := fmt.Sprint(at)
		if now != last {
			last, since = now, time.Now()
		}
		if time.Since(since) < 3*time.Second {
			return fmt.Errorf("SCN %s came just now", now)
		}
		return nil
	})
}

func (s *server) signal(n syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(n); err != nil {
		s.t.Fatal(err)
	}
}

// failures are lines of a node's output that no fault explains.
func (c *trio) failures() {
	c.t.Helper()
	for i, s := range c.nodes {
		text := []byte(s.out.String())
		for _, bad := range []string{"panic:", "DATA RACE", "fatal error:", "different histories", "lost acknowledged"} {
			if at := bytes.Index(text, []byte(bad)); at >= 0 {
				c.t.Errorf("%s says:\n%s", c.names[i], text[at:min(len(text), at+4000)])
			}
		}
	}
}
