package node

import (
	"context"
	"time"
)

// indexRetry is between two tries to build indexes.
const indexRetry = 5 * time.Second

// startIndexes builds the indexes that other nodes create, while writes go on.
func (n *Node) startIndexes(context.Context) error {
	n.background(n.buildIndexes)
	return nil
}

func (n *Node) buildIndexes(ctx context.Context) {
	for ctx.Err() == nil {
		next := n.advance.wait()
		var again <-chan time.Time
		if n.engine.Unbuilt() {
			if err := n.engine.CompleteIndexes(ctx); err != nil && ctx.Err() == nil {
				n.logger.Warn().Err(err).Msg("build indexes: it is tried again")
				again = time.After(indexRetry)
			}
		}
		select {
		case <-next:
		case <-again:
		case <-ctx.Done():
		}
	}
}
