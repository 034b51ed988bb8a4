package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"redoubt/node"
)

// spareFiles of the log that a measured node has ready: those of a node that has been in use for a while.
const spareFiles = "8"

// OpenNode starts a node in this process, with its data in dir and everything else as it is by default.
func OpenNode(ctx context.Context, dir string) (*node.Node, error) { return openNode(ctx, dir, "") }

// OpenNodes starts a cluster in this process, with its data below dir, and waits until all nodes vote. The first leads.
func OpenNodes(ctx context.Context, dir string, count int) (nodes []*node.Node, err error) {
	join := ""
	for i := range count {
		n, err := openNode(ctx, filepath.Join(dir, fmt.Sprint("n", i+1)), join)
		if err != nil {
			return nil, errors.Join(err, CloseNodes(nodes))
		}
		nodes = append(nodes, n)
		join = nodes[0].Addresses().Raft
	}
	if err := awaitVoters(ctx, nodes[0].Addresses().MySQL, count); err != nil {
		return nil, errors.Join(err, CloseNodes(nodes))
	}
	return nodes, nil
}

// CloseNodes stops a cluster, the node that leads last.
func CloseNodes(nodes []*node.Node) (err error) {
	for _, n := range slices.Backward(nodes) {
		err = errors.Join(err, n.Close())
	}
	return err
}

// awaitVoters asks a node until so many nodes vote, itself among them.
func awaitVoters(ctx context.Context, address string, want int) (err error) {
	if want == 1 {
		return nil
	}
	db, err := Open(address, "redoubt", 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for end := time.Now().Add(startTimeout); ; time.Sleep(20 * time.Millisecond) {
		got := 0
		if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM V$NODE WHERE voter").Scan(&got); err != nil {
			return err
		}
		if got == want {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%d of %d nodes vote after %v", got, want, startTimeout)
		}
	}
}

func openNode(ctx context.Context, dir, join string) (*node.Node, error) {
	flags := map[string]string{"data": dir, "join": join, "log-level": "error", "log-spare-files": spareFiles}
	for _, name := range []string{"mysql", "http", "raft"} {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		flags[name] = address(port)
	}
	config, err := node.Load("", flags)
	if err != nil {
		return nil, err
	}
	return node.Open(ctx, config, zerolog.Nop())
}

// freePort is one on loopback that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", address(0))
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

func address(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }

// Counter is one figure of a node's page of figures.
type Counter struct {
	URL  string
	Name string
	Err  error // the first failure to read it
}

// Read gives the present value, 0 after a failure.
func (c *Counter) Read() uint64 {
	v, err := c.read()
	if err != nil && c.Err == nil {
		c.Err = fmt.Errorf("read %s from %s: %w", c.Name, c.URL, err)
	}
	return v
}

func (c *Counter) read() (uint64, error) {
	r, err := http.Get(c.URL)
	if err != nil {
		return 0, err
	}
	defer r.Body.Close()
	lines := bufio.NewScanner(r.Body)
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), c.Name+" "); ok {
			return strconv.ParseUint(text, 10, 64)
		}
	}
	if err := lines.Err(); err != nil {
		return 0, err
	}
	return 0, fmt.Errorf("it is not there")
}
