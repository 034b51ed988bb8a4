package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"redoubt/bench/commit"
	"redoubt/bench/logappend"
	"redoubt/bench/measure"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) == 1 && args[0] == "versions":
		return json.NewEncoder(os.Stdout).Encode(versions())
	case len(args) == 3 && args[0] == "run":
		return measure.Measures{
			"log":    logappend.Measure(raftWALLog(), etcdLog(), boltLog()),
			"commit": commit.Measure(commit.OverRaft("raft-boltdb", openBolt), commit.OverRaft("raft-wal", openWAL), etcd()),
		}.Serve(ctx, args[1:], os.Stdout)
	}
	return errors.New("usage: peers versions | peers run SUBJECT CONFIG")
}

// peerModules are those whose version a reader wants to know.
var peerModules = map[string]bool{
	"github.com/hashicorp/raft": true, "github.com/hashicorp/raft-wal": true, "github.com/hashicorp/raft-boltdb/v2": true,
	"go.etcd.io/bbolt": true, "go.etcd.io/etcd/server/v3": true,
}

func versions() []measure.Version {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	var out []measure.Version
	for _, m := range info.Deps {
		if peerModules[m.Path] {
			out = append(out, measure.Version{Name: m.Path, Version: m.Version})
		}
	}
	return out
}
