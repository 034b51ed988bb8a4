package vview

import (
	"fmt"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/engine"
)

// Identity is what a server is called.
type Identity struct {
	Version    string
	DatabaseID string
	NodeID     string
}

// Database is V$DATABASE: one row about the database and how far it has come.
func Database(e *engine.Engine, identity Identity) *View {
	columns := []Column{
		{"database_id", textType, "identity of the database, the same on all its nodes"},
		{"node_id", textType, "name of this node"},
		{"version", textType, "release of Redoubt"},
		{"current_scn", numberType, "SCN of the newest commit that this node has applied"},
		{"current_scn_time", timeType, "time of that commit, UTC"},
		{"schemas", numberType, "number of databases, as MySQL calls them"},
		{"tables", numberType, "number of tables, those of the system included"},
		{"state_hash", textType, "hash of all rows: two copies of the database with the same one hold the same"},
	}
	return New("V$DATABASE", "the database and how far it has come", columns, func(*gsql.Context) ([]gsql.Row, error) {
		at := e.Applied()
		micros, err := e.SCNToTime(at)
		if err != nil {
			return nil, err
		}
		dictionary := e.Catalog()
		return []gsql.Row{{
			identity.DatabaseID, identity.NodeID, identity.Version, uint64(at), time.UnixMicro(micros).UTC(),
			uint64(len(dictionary.Schemas())), uint64(len(dictionary.AllTables())), fmt.Sprintf("%016x", e.StateHash().Hash),
		}}, nil
	})
}
