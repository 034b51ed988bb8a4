package engine

import (
	"cmp"
	"context"
	"time"

	"redoubt/telemetry"
)

// Pace bounds what work in the background takes, so that it does not get in the way of what clients wait for.
type Pace struct {
	BytesPerSecond int64           // that it writes; 0: as many as it can
	Share          float64         // of the time in which it works, of one processor; 0: all
	BatchBytes     int             // what is written at once; 0 is 256 KiB
	Slot           *telemetry.Slot // where the pauses are shown; may be nil
}

// pacer is a Pace that is being kept. It belongs to one goroutine.
type pacer struct {
	Pace
	since time.Time // when the work began that is not yet paid for
}

func (p Pace) begin() *pacer { return &pacer{p, time.Now()} }

// full tells whether a batch of n bytes is to be written.
func (p *pacer) full(n int) bool { return n >= cmp.Or(p.BatchBytes, 256<<10) }

// spend waits for as long as writing n bytes may take, or until the share is kept.
func (p *pacer) spend(ctx context.Context, n int) error {
	var pause time.Duration
	if p.BytesPerSecond > 0 {
		pause = time.Duration(float64(n) / float64(p.BytesPerSecond) * float64(time.Second))
	}
	if p.Share > 0 {
		worked := time.Since(p.since)
		pause = max(pause, time.Duration(float64(worked)/p.Share)-worked)
	}
	defer func() { p.since = time.Now() }()
	if pause <= 0 {
		return ctx.Err()
	}
	p.Slot.Begin(telemetry.UpkeepThrottle)
	defer p.Slot.End(telemetry.UpkeepThrottle)
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
