package failover

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"redoubt/bench/measure"
)

// insideNetwork is set where the measurement has a network of its own.
const insideNetwork = "REDOUBT_BENCH_NETWORK"

// firstUser is whom the first node runs as there: packets between nodes are known by who sends them.
const firstUser = 31000

// inOwnNetwork measures once more, in a network namespace, where packets may be dropped without anybody else noticing.
func inOwnNetwork(ctx context.Context) (f measure.Figures, err error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("a partition needs a network of its own, which only root can make: run it as root")
	}
	c := exec.CommandContext(ctx, os.Args[0], os.Args[1:]...)
	c.Env = append(os.Environ(), insideNetwork+"=1")
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("in a network of its own: %w: %s", err, strings.TrimSpace(said.String()))
	}
	return f, json.Unmarshal(out.Bytes(), &f)
}

// openNetwork makes the namespace usable, and the table of who is cut off.
func openNetwork() error {
	if said, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		return fmt.Errorf("ip link set lo up: %w: %s", err, said)
	}
	return nft(`table inet part {
		set cut { typeof meta skuid; }
		set between { type inet_service; }
		chain out {
			type filter hook output priority 0; policy accept;
			meta skuid @cut tcp dport @between drop
			meta skuid @cut tcp sport @between drop
		}
	}`)
}

func nft(script string) error {
	p := exec.Command("nft", "-f", "-")
	p.Stdin = strings.NewReader(script)
	if said, err := p.CombinedOutput(); err != nil {
		return fmt.Errorf("nft: %w: %s", err, said)
	}
	return nil
}

// between tells the table on which port a node talks with others.
func between(raft string) error {
	_, port, err := net.SplitHostPort(raft)
	if err != nil {
		return err
	}
	return nft("add element inet part between { " + port + " }\n")
}

// cutOff drops all that a node sends to other nodes, questions and answers: neither side hears of the other any more. Clients reach it.
func (m *member) cutOff() error {
	return nft(fmt.Sprintf("add element inet part cut { %d }\n", m.user))
}

// joinUp ends that.
func (m *member) joinUp() error {
	return nft(fmt.Sprintf("delete element inet part cut { %d }\n", m.user))
}
