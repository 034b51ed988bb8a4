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
		{"database_id", textType},
		{"node_id", textType},
		{"version", textType},
		{"current_scn", numberType},
		{"current_scn_time", timeType},
		{"schemas", numberType},
		{"tables", numberType},
		{"state_hash", textType},
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
			uint64(len(dictionary.Schemas())), uint64(len(dictionary.AllTables())), fmt.Sprint(e.StateHash()),
		}}, nil
	})
}
