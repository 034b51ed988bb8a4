package node

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"redoubt/sql"
)

// errLetIn ends the wait for a leader of a node that starts.
var errLetIn = errors.New("clients are let in without a leader")

// letInAnyway ends the wait for a leader of a node that starts, when none comes since nodes only observe: who orders one to lead has to log
// in. The state is one of before, up to where the node had it on disk, so it must know its users: without them root would have no
// password.
func (n *Node) letInAnyway(ctx context.Context, giveUp context.CancelCauseFunc) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	told := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if o := n.cluster.Observed(); o == nil || o.Leads {
			continue
		}
		users, err := sql.KeepsUsers(n.engine)
		if users && err == nil {
			giveUp(errLetIn)
			return
		}
		if !told {
			told = true
			n.logger.Warn().Err(err).Msg("nobody leads, and this node does not know its users until somebody does: order another node to lead, or start this one with failover = automatic")
		}
	}
}

// failoverMetrics tell of a failover that waits for an order.
func (n *Node) failoverMetrics() {
	n.metrics.RegisterMetricsWriter(func(w io.Writer) {
		metrics.WriteGaugeUint64(w, "redoubt_failover_observed", one(n.cluster.Observed() != nil))
	})
}
