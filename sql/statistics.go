package sql

import (
	"context"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/sql/storage"
)

// startStatistics keeps the statistics of tables up to date in the background, until Shutdown.
func (s *Server) startStatistics() {
	every := s.options.StatisticsEvery
	if every <= 0 {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stopWork = stop
	s.background.Go(func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			if !s.several() || s.options.Cluster.Leads() { // one node measures for all
				s.refreshStatistics(ctx)
			}
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	})
}

func (s *Server) refreshStatistics(ctx context.Context) {
	n, err := s.store.Statistics().Refresh(ctx, func() (*gsql.Context, *storage.Session) {
		sqlCtx := s.internalContext(ctx)
		session, _ := sqlCtx.Session.(*storage.Session)
		return sqlCtx, session
	})
	s.figures.analyzed.Add(n)
	if err != nil {
		s.options.Logger.Warn().Err(err).Msg("statistics of tables could not be refreshed")
	}
}
