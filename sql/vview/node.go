package vview

import (
	"context"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/scn"
)

// Node is a node of the cluster.
type Node struct {
	ID                string
	Raft, MySQL, HTTP string // addresses
	Role              string // LEADER, FOLLOWER, STANDBY or JOINING
	Voter             bool
	Self              bool
	Up                bool
	Version           string // these and the rest only if it is up
	Term              uint64
	Applied           scn.SCN
	Lag               scn.SCN // what it lacks of the newest that any node has
	LagTime           time.Duration
	HashAt            scn.SCN
	Hash              string
	Failover          string        // automatic or observe
	ClockAhead        time.Duration // of its time of day before that of the node that was asked
	Message           string        // why it is not up
}

// Nodes is V$NODE: the nodes of the cluster, each asked how it is.
func Nodes(list func(context.Context) ([]Node, error)) *View {
	columns := []Column{
		{"node", textType, "name of the node"},
		{"role", textType, "LEADER, FOLLOWER, STANDBY or JOINING"},
		{"voter", boolType, "1 if commits need it, or others like it, to be durable"},
		{"self", boolType, "1 if it is the node that one is connected to"},
		{"up", boolType, "1 if it answers"},
		{"raft_address", textType, "address for other nodes"},
		{"mysql_address", textType, "address for clients"},
		{"http_address", textType, "address for health checks and metrics"},
		{"version", textType, "release of Redoubt that it runs; NULL, like what follows, if it does not answer"},
		{"term", numberType, "term of the consensus that it is in"},
		{"applied_scn", numberType, "SCN of the newest commit that it has applied"},
		{"lag_scn", numberType, "commits that it lacks of the newest that any node has"},
		{"lag_milliseconds", numberType, "how long it has lacked them"},
		{"hash_scn", numberType, "SCN of state_hash"},
		{"state_hash", textType, "hash of all its rows: nodes with the same one at the same SCN hold the same"},
		{"clock_milliseconds", signedType, "how far its clock is ahead of that of the node that one is connected to, to within the time of an answer"},
		{"failover", textType, "what it does when the node that leads is lost: automatic or observe"},
		{"message", textType, "why it does not answer, or should not lead; the failover that it observes"},
	}
	return New("V$NODE", "nodes of the cluster, each asked how it is", columns, func(ctx *gsql.Context) ([]gsql.Row, error) {
		nodes, err := list(ctx)
		if err != nil {
			return nil, err
		}
		var rows []gsql.Row
		for i := range nodes {
			n := &nodes[i]
			row := gsql.Row{n.ID, n.Role, yesNo(n.Voter), yesNo(n.Self), yesNo(n.Up), n.Raft, n.MySQL, n.HTTP, nil, nil, nil, nil, nil, nil, nil, nil, nil, orNull(n.Message)}
			if n.Up {
				copy(row[8:], gsql.Row{
					n.Version, n.Term, uint64(n.Applied), uint64(n.Lag), uint64(n.LagTime.Milliseconds()), uint64(n.HashAt), n.Hash, n.ClockAhead.Milliseconds(), n.Failover,
				})
			}
			rows = append(rows, row)
		}
		return rows, nil
	})
}
