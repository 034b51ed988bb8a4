package server

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/rs/zerolog"

	"redoubt/node"
)

// spareFiles of the log that a measured node has ready: those of a node that has been in use for a while.
const spareFiles = "8"

// OpenNode starts a node in this process, with its data in dir and everything else as it is by default.
func OpenNode(ctx context.Context, dir string) (*node.Node, error) {
	flags := map[string]string{"data": dir, "log-level": "error", "log-spare-files": spareFiles}
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
