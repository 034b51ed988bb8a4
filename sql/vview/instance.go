package vview

import (
	"os"
	"runtime"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
)

// Instance is V$INSTANCE: this node's process.
func Instance(identity Identity, a *Activity, started time.Time) *View {
	columns := []Column{
		{"instance_name", textType, "name of this node"},
		{"host_name", textType, "name of the machine"},
		{"version", textType, "release of Redoubt"},
		{"startup_time", timeType, "when the server began to take clients, UTC"},
		{"uptime_seconds", numberType, "seconds since then"},
		{"status", textType, "OPEN: it takes clients"},
		{"sessions", numberType, "sessions of clients"},
		{"active_sessions", numberType, "those that run a statement or wait in one"},
		{"cpu_count", numberType, "processors that the process may use"},
		{"go_version", textType, "what it was compiled with"},
		{"process_id", numberType, "number of the process"},
	}
	return New("V$INSTANCE", "this node's process", columns, func(*gsql.Context) ([]gsql.Row, error) {
		host, err := os.Hostname()
		if err != nil {
			return nil, err
		}
		sessions, active := uint64(0), uint64(0)
		all := a.Slots.All()
		for i := range all {
			if all[i].Who.Background {
				continue
			}
			sessions++
			if all[i].State() != "IDLE" {
				active++
			}
		}
		return []gsql.Row{{
			identity.NodeID, host, identity.Version, started.UTC(), uint64(time.Since(started).Seconds()), "OPEN", sessions, active,
			uint64(runtime.GOMAXPROCS(0)), runtime.Version(), uint64(os.Getpid()),
		}}, nil
	})
}
