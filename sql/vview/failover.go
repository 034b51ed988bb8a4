package vview

import (
	"context"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/scn"
)

// Takeover is how a node came to lead.
type Takeover struct {
	Term         uint64
	Node         string
	Previous     string // empty: not known
	Trigger      string
	Began, Ended time.Time
	SCN          scn.SCN
	Reason       string // of one that was only observed: it has not ended
}

// Failovers is V$FAILOVER_HISTORY: each time that another node began to lead.
func Failovers(list func() ([]Takeover, error)) *View {
	columns := []Column{
		{"term", numberType, "term of the consensus that began with it"},
		{"node", textType, "node that leads since; of OBSERVED the one that would lead"},
		{"previous_node", textType, "node that led before, itself if nobody did in between; NULL if it is not known"},
		{"trigger_reason", textType, "why: SWITCHOVER, NODE STOP, LEADER LOST, PARTITION, QUORUM LOST, HEALTH, LAG, CLOCK, ORDERED; or OBSERVED: a failover is due, as this node sees it, and failover is observe"},
		{"began", timeType, "when commits were taken last before, UTC"},
		{"ended", timeType, "when they were taken again, UTC; NULL of OBSERVED"},
		{"milliseconds", types.Float64, "time between"},
		{"scn", numberType, "SCN from which the new leader goes on"},
		{"message", textType, "of OBSERVED: why; NULL of all others"},
	}
	return New("V$FAILOVER_HISTORY", "each time that a node began to lead, why, and how long nobody took commits", columns, func(*gsql.Context) ([]gsql.Row, error) {
		takeovers, err := list()
		if err != nil {
			return nil, err
		}
		var rows []gsql.Row
		for _, t := range takeovers {
			took := float64(t.Ended.Sub(t.Began).Microseconds()) / 1000
			ended := any(t.Ended.UTC())
			if t.Reason != "" {
				ended = nil
			}
			rows = append(rows, gsql.Row{t.Term, t.Node, orNull(t.Previous), t.Trigger, t.Began.UTC(), ended, took, uint64(t.SCN), orNull(t.Reason)})
		}
		return rows, nil
	})
}

// Objective is something that was promised of a loss, and what was measured.
type Objective struct {
	Objective string // RTO: how long nobody takes commits; RPO: what would be lost
	Subject   string // what it is about
	Measured  time.Duration
	SCNs      scn.SCN // commits behind; 0 for an RTO
	Target    time.Duration
	Samples   uint64 // how often it was measured; of an RTO
	Breaches  uint64 // how often it was longer than the target; of an RTO
}

// Objectives is V$RECOVERY_OBJECTIVE: what was promised of the loss of a node, and what was measured.
func Objectives(list func(context.Context) ([]Objective, error)) *View {
	columns := []Column{
		{"objective", textType, "RTO: how long nobody takes commits; RPO: what would be lost"},
		{"subject", textType, "what it is about"},
		{"measured_milliseconds", types.Float64, "what was measured"},
		{"measured_scn", numberType, "commits behind; 0 for an RTO"},
		{"target_milliseconds", types.Float64, "what was promised"},
		{"met", boolType, "1 if what was measured keeps the promise"},
		{"samples", numberType, "how often it was measured; of an RTO"},
		{"breaches", numberType, "how often it was longer than promised; of an RTO"},
	}
	return New("V$RECOVERY_OBJECTIVE", "how long nobody takes commits when the node that leads is lost, and what would be lost with nodes, measured", columns, func(ctx *gsql.Context) ([]gsql.Row, error) {
		objectives, err := list(ctx)
		if err != nil {
			return nil, err
		}
		millis := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
		var rows []gsql.Row
		for _, o := range objectives {
			rows = append(rows, gsql.Row{
				o.Objective, o.Subject, millis(o.Measured), uint64(o.SCNs), millis(o.Target), yesNo(o.Measured <= o.Target), o.Samples, o.Breaches,
			})
		}
		return rows, nil
	})
}
