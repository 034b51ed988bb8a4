package sql

import (
	"context"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"

	"redoubt/sql/storage"
	"redoubt/telemetry"
)

// sleep is SLEEP(). The SQL engine's does not say that it waits. It gives 0; KILL QUERY ends it with an error.
func sleep(s *storage.Session, ctx *gsql.Context, args []any) (any, error) {
	if args[0] == nil {
		return nil, nil
	}
	seconds, _, err := types.Float64.Convert(ctx, args[0])
	if err != nil {
		return nil, err
	}
	s.Slot().Begin(telemetry.ScheduledSleep)
	defer s.Slot().End(telemetry.ScheduledSleep)
	timer := time.NewTimer(time.Duration(min(seconds.(float64), sleepSecondsMax) * float64(time.Second)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return int64(0), nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// sleepSecondsMax is 30 years: more is no duration.
const sleepSecondsMax = 1e9
