package node

import (
	"context"
	"path/filepath"
	"time"

	"redoubt/node/bridge"
	"redoubt/replication"
	"redoubt/sql"
	"redoubt/telemetry"
	"redoubt/telemetry/ash"
)

// ashDir, in the data directory, is where thinned samples of sessions are.
const ashDir = "ash"

// openSampler reads the history of sessions and begins to add to it.
func (n *Node) openSampler(context.Context) (err error) {
	if !n.config.Sampling {
		return nil
	}
	n.sampler, err = ash.New(ash.Options{
		Slots: n.slots, Bytes: n.config.ASHMemory, Dir: filepath.Join(n.config.Data, ashDir), ArchiveBytes: n.config.ASHDisk,
		OnError: func(err error) {
			n.logger.Warn().Err(err).Msg("the history of sessions lacks what could not be written")
		},
	})
	if err != nil {
		return err
	}
	n.slots.Background("MMNL", "samples what sessions do, for V$ACTIVE_SESSION_HISTORY")
	n.closers = append(n.closers, n.sampler.Close)
	n.background(n.sampler.Run)
	return nil
}

// samples is the history of sessions as views read it.
type samples struct{ *ash.Sampler }

func (n *Node) samples() sql.Samples {
	if n.sampler == nil {
		return nil
	}
	return samples{n.sampler}
}

// Seconds implements sql.Samples.
func (s samples) Seconds(from, to int64, yield func(*telemetry.Sample) bool) error {
	return s.Read(ash.Seconds, from, to, yield)
}

// Fine implements sql.Samples.
func (s samples) Fine(from, to int64, yield func(*telemetry.Sample) bool) error {
	return s.Read(ash.Fine, from, to, yield)
}

// Thinned implements sql.Samples.
func (s samples) Thinned(from, to int64, yield func(*telemetry.Sample) bool) error {
	return s.Read(ash.Thinned, from, to, yield)
}

// startSampledSQL adds what samples see to the statistics of statements.
func (n *Node) startSampledSQL() {
	if n.sampler == nil {
		return
	}
	seconds, stop := n.sampler.Subscribe(10)
	n.background(func(ctx context.Context) {
		defer stop()
		for {
			select {
			case second := <-seconds:
				second.Samples(func(s *telemetry.Sample) bool { n.sql.Sampled(s); return true })
			case <-ctx.Done():
				return
			}
		}
	})
}

// stateMachine lets the log drive the engine, and shows what it waits for.
func (n *Node) stateMachine() bridge.StateMachine {
	return bridge.StateMachine{
		Engine: n.engine, Applied: n.applied,
		Applying: n.slots.Background("APPL", "applies what is committed to the state"), Persisting: n.slots.Background("CKPT", "makes the state durable from time to time"),
	}
}

// gatedState is the state as the log has it.
type gatedState struct {
	bridge.StateMachine
	gate func() bool // asked before entries go in: false leaves them out; nil: there is none
}

// Apply implements replication.StateMachine.
func (s gatedState) Apply(groups []replication.AppliedGroup) error {
	if s.gate != nil && !s.gate() {
		return nil
	}
	return s.StateMachine.Apply(groups)
}

// committed is told how long each proposal took, and how much of that went by until other nodes had it.
func (n *Node) committed(took, awaited time.Duration) {
	n.timings.commit.Update(took.Seconds())
	n.slots.Measured(telemetry.LogFileSync, took-awaited)
	if awaited > 0 {
		n.slots.Measured(telemetry.QuorumAck, awaited)
	}
}

// storeStalled gives the function that is told when the state store makes the log's entries wait.
func (n *Node) storeStalled() func(bool) {
	slot := n.slots.Background("DBW0", "the state store; waits while it cannot take in what is applied")
	var since time.Time
	return func(stalled bool) { // one stall at a time: the store says so
		if stalled {
			since = time.Now()
			slot.Begin(telemetry.StoreStall)
			return
		}
		slot.End(telemetry.StoreStall)
		slot.Measured(telemetry.StoreStall, time.Since(since))
	}
}
