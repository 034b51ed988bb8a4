package replication

import (
	"context"
	"sync"
	"testing"
	"time"

	"redoubt/telemetry"
)

// block makes appends to the log wait until the function that it returns is called.
func (f *faultyLog) block(t *testing.T) (open func()) {
	gate := make(chan struct{})
	f.set(func() { f.gate = gate })
	open = sync.OnceFunc(func() {
		f.set(func() { f.gate = nil })
		close(gate)
	})
	t.Cleanup(open) // what is kept back would keep the node from closing
	return open
}

// TestWaitsForOthers: a commit waits for the disk of the node that leads first and for the other nodes then, and says so.
func TestWaitsForOthers(t *testing.T) {
	c := newCluster(t, func(o *Options) { o.HeartbeatTimeout, o.LeaseTimeout = 3*time.Second, 3*time.Second })
	c.level()
	leader := c.leader()
	leader.mustPropose("first=")
	slots := telemetry.NewSlots()
	slot := slots.Take(telemetry.Identity{Session: 1})
	waits := func(what telemetry.Event) func() bool {
		return func() bool { return slots.All()[0].Event == what }
	}

	var opens []func()
	for _, m := range c.members {
		if m != leader {
			opens = append(opens, m.faulty.block(t))
		}
	}
	synced := leader.faulty.block(t)
	result := make(chan Result, 1)
	began := time.Now()
	go func() {
		slot.Begin(telemetry.LogFileSync)
		defer slot.End(telemetry.LogFileSync)
		r, err := leader.node.Propose(testContext(t), &Proposal{XID: 1, Body: []byte("second="), Slot: slot})
		if err != nil {
			t.Error(err)
		}
		result <- r
	}()
	waitUntil(t, "the leader writes to its log", func() bool { return leader.node.log.storing.busy() })
	if !waits(telemetry.LogFileSync)() {
		t.Errorf("while the leader syncs, it waits for %q", slots.All()[0].Event)
	}
	synced()
	waitUntil(t, "it waits for the others", waits(telemetry.QuorumAck))
	const held = 50 * time.Millisecond
	time.Sleep(held)
	for _, open := range opens {
		open()
	}
	r := <-result
	if took := time.Since(began); r.Awaited < held || r.Awaited > took {
		t.Errorf("it waited %v for others, of %v at all and at least %v", r.Awaited, took, held)
	}
	waitUntil(t, "it waits for nothing", waits(telemetry.OnCPU))

	for what, end := range map[string]func(cancel func()){
		"its client gives up":   func(cancel func()) { cancel() },
		"the leader is cut off": func(func()) { c.down[leader] = true; c.connect() },
	} {
		var opens []func()
		for _, m := range c.members {
			if m != leader {
				opens = append(opens, m.faulty.block(t))
			}
		}
		ctx, cancel := context.WithCancel(testContext(t))
		failed := make(chan error, 1)
		go func() {
			slot.Begin(telemetry.LogFileSync)
			defer slot.End(telemetry.LogFileSync)
			_, err := leader.node.Propose(ctx, &Proposal{XID: 2, Body: []byte("third="), Slot: slot})
			failed <- err
		}()
		waitUntil(t, "it waits for the others", waits(telemetry.QuorumAck))
		end(cancel)
		if err := <-failed; err == nil {
			t.Errorf("%s: committed", what)
		}
		for _, open := range opens {
			open()
		}
		cancel()
		waitUntil(t, what+": it waits for nothing", waits(telemetry.OnCPU))
		clear(c.down)
		c.connect()
		c.level()
		if !waits(telemetry.OnCPU)() {
			t.Errorf("%s: later it waits for %q", what, slots.All()[0].Event)
		}
		leader = c.leader()
	}

	alone := single(t, nil).mustPropose("alone=")
	if alone.Awaited != 0 {
		t.Errorf("a node alone waited %v for others", alone.Awaited)
	}
}
