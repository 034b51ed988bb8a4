package replication

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"redoubt/scn"
	"redoubt/telemetry"
	"redoubt/wal/redo"
)

// batcher is the group commit in front of raft: it certifies proposals one after the other, gives them SCNs and
// commit times, and packs them into entries.
//
// A group that is not full is handed over at once if raft can take it, and else at the moment when raft is back from
// the disk: sooner would gain nothing, since raft stores what it finds then in one go, and later would leave the disk
// idle. Whatever comes while inFlightMax entries are on their way waits and shares the next ones.
//
// Two goroutines: run certifies and hands over, land waits for raft and answers.
type batcher struct {
	node     *Node
	queue    chan *pending
	entering atomic.Int64 // proposers between their look at stopping and their place in the queue
	pendings *sync.Pool

	slots     chan struct{}  // holds one token for each flight
	launched  chan *flight   // from run to land, in log order
	bad       atomic.Uint64  // flights that failed
	wake      chan struct{}  // poked when bad or the leadership changed
	handovers chan *handover // to whoever serves
	drained   chan struct{}  // closed when run has ended: nobody waits any more
	landed    chan struct{}  // closed when land has ended: raft has answered everything

	mu      sync.Mutex
	flights map[*byte]*flight // not yet answered, by entryKey

	// What follows belongs to run.
	leading bool
	stint   uint64 // of leadership.go, when leading began
	badSeen uint64
	term    uint64   // in which entries are certified
	next    scn.SCN  // of the next transaction
	last    int64    // commit time of the last transaction, microseconds
	carry   *pending // taken from the queue, and did not fit
	open    *flight  // group that may still grow; it holds a slot
	opened  int64    // time when it was begun, microseconds
}

func newBatcher(n *Node) *batcher {
	return &batcher{
		node:      n,
		queue:     make(chan *pending, queueLen),
		pendings:  newPendings(),
		slots:     make(chan struct{}, inFlightMax),
		launched:  make(chan *flight, inFlightMax),
		wake:      make(chan struct{}, 1),
		handovers: make(chan *handover),
		drained:   make(chan struct{}),
		landed:    make(chan struct{}),
		flights:   make(map[*byte]*flight),
	}
}

// run serves proposals until the node stops, and answers everybody before it returns.
func (b *batcher) run() {
	defer close(b.drained)
	for !b.node.stopped() {
		if b.leading {
			b.serve()
		} else {
			b.follow()
		}
	}
	b.standDown()
	close(b.launched)
	b.refuseQueued()
}

// land answers flights in log order.
func (b *batcher) land() {
	defer close(b.landed)
	for f := range b.launched {
		err := f.future.Error()
		var r *applyResult
		if err == nil {
			r = f.future.Response().(*applyResult)
		}
		if err == nil {
			err = r.err
		}
		if err != nil {
			b.bad.Add(1) // before the slot is free, so that nothing more is certified on top
			b.poke()
		}
		<-b.slots
		if b.forget(f) { // before its proposers are answered: then they reuse what acknowledge.go looks at
			b.node.counters.note(f, err) // before they are answered, so that who asks then finds it counted
			f.land(err, r, f.future.Index())
		}
	}
}

// follow turns proposals away until raft makes this node the leader.
func (b *batcher) follow() {
	if b.node.leads() {
		b.lead()
		return
	}
	w := b.carry
	b.carry = nil
	if w == nil {
		select {
		case w = <-b.queue:
		case <-b.wake:
			return
		case <-b.node.stopping:
			return
		}
	}
	if b.node.raft.State() == raft.Leader { // the news of it is about to come
		b.carry = w
		select {
		case <-b.wake:
		case <-b.node.stopping:
		}
		return
	}
	if w.take() {
		w.answer(Result{}, b.node.notLeader())
	}
}

// lead begins to certify: first everything that is in the log already must be applied here.
func (b *batcher) lead() {
	b.stint, b.badSeen = b.node.stint.Load(), b.bad.Load()
	f := &flight{mark: make(chan markResult, 1)}
	if !b.takeSlot() {
		return
	}
	b.launch(f, raft.Log{Extensions: markTag()})
	select {
	case m := <-f.mark:
		if m.err != nil {
			b.pause()
			return
		}
		b.node.opts.StateMachine.Abandon()
		b.leading, b.term, b.next, b.last = true, m.term, m.at.SCN+1, m.at.TimeMicros
		b.node.noteLeading(m)
	case <-b.node.stopping:
	}
}

// pause keeps a leader that raft will not take entries from, such as one that is handing over, from asking too often. The failure that
// led here has poked wake itself, which must not end the pause; whether leadership has changed before is looked at instead.
func (b *batcher) pause() {
	select {
	case <-b.wake:
	default:
	}
	if b.stint != b.node.stint.Load() {
		return
	}
	t := time.NewTimer(b.node.opts.LeaseTimeout / 10)
	defer t.Stop()
	select {
	case <-t.C:
	case <-b.wake:
	case <-b.node.stopping:
	}
}

// standDown ends a stint: all flights land, then what was in flight is forgotten. After a failure of the node flights
// may never land; then those who wait hear that the outcome is unknown.
func (b *batcher) standDown() {
	b.flush()
	if !b.drain() {
		b.crash(b.node.guard.err)
		b.leading = false
		return
	}
	b.refill()
	if b.leading {
		b.node.opts.StateMachine.Abandon()
		b.leading = false
	}
}

// drain takes all slots, so that nothing is in flight; false after a failure of the node.
func (b *batcher) drain() bool {
	for range inFlightMax {
		select {
		case b.slots <- struct{}{}:
		case <-b.node.guard.failed:
			return false
		}
	}
	return true
}

// refill gives all slots back.
func (b *batcher) refill() {
	for range inFlightMax {
		<-b.slots
	}
}

// crash answers every flight in place of raft.
func (b *batcher) crash(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range b.flights {
		f.turn(telemetry.QuorumAck, telemetry.LogFileSync)
		b.node.counters.note(f, err)
		f.land(err, nil, 0)
	}
	clear(b.flights)
}

// current tells whether the stint goes on.
func (b *batcher) current() bool {
	return b.stint == b.node.stint.Load() && b.badSeen == b.bad.Load()
}

// serve takes one proposal or one signal.
func (b *batcher) serve() {
	w := b.receive()
	switch {
	case !b.current():
		b.carry = w
		b.standDown()
	case w == nil:
	case w.proposal == nil:
		b.flush()
		b.launchBarrier(w)
	case w.proposal.Part:
		b.flush()
		b.launchPart(w)
	case b.open == nil && !b.takeSlot():
		b.carry = w
	default:
		b.add(w)
	}
}

// receive gives the next proposal, or nil after a signal. It hands the open group over if nothing is waiting and raft
// can take it.
func (b *batcher) receive() *pending {
	if w := b.carry; w != nil {
		b.carry = nil
		return w
	}
	var stored chan struct{}
	if b.open != nil {
		if w := b.poll(); w != nil {
			return w
		}
		stored = b.node.log.stored
		if !b.node.log.storing.busy() {
			b.flush()
			return nil
		}
	}
	select {
	case w := <-b.queue:
		return w
	case h := <-b.handovers:
		b.handOver(h)
	case <-stored:
		b.flush()
	case <-b.wake:
	case <-b.node.stopping:
	}
	return nil
}

// takeSlot waits for room for one more flight; false if the stint or the node ended.
func (b *batcher) takeSlot() bool {
	for b.current() {
		select {
		case b.slots <- struct{}{}:
			if b.current() {
				return true
			}
			<-b.slots
			return false
		case <-b.wake:
		case <-b.node.stopping:
			return false
		}
	}
	return false
}

// takeAlone takes a slot for what goes into an entry of its own; false if there is none now, or if nobody waits for it.
func (b *batcher) takeAlone(w *pending) bool {
	if !b.takeSlot() {
		b.carry = w
		return false
	}
	if !w.take() {
		<-b.slots
		return false
	}
	return true
}

func (b *batcher) launchBarrier(w *pending) {
	if !b.takeAlone(w) {
		return
	}
	b.launch(&flight{mark: make(chan markResult, 1), waiting: []*pending{w}}, raft.Log{Extensions: markTag()})
}

// launchPart certifies a part and hands it to raft as an entry of its own.
func (b *batcher) launchPart(w *pending) {
	if !b.takeAlone(w) {
		return
	}
	if !b.inTerm(w) {
		<-b.slots
		return
	}
	if err := b.node.opts.StateMachine.Certify(w.proposal); err != nil {
		<-b.slots
		b.node.counters.refused.Add(1)
		w.answer(Result{}, err)
		return
	}
	f := &flight{part: true, waiting: []*pending{w}, bytes: len(w.proposal.Body)}
	b.launch(f, raft.Log{Data: w.proposal.Body, Extensions: partTag(b.term)})
}

// add certifies w into the open group, or a new one, for which the caller holds a slot.
func (b *batcher) add(w *pending) {
	if b.open == nil {
		b.open, b.opened = &flight{group: &redo.Group{FirstSCN: b.next}}, b.node.opts.Now().UnixMicro()
		select {
		case <-b.node.log.stored: // said before this group was begun
		default:
		}
	}
	f := b.open
	if len(f.waiting) > 0 && f.bytes+len(w.proposal.Body) > groupBytesMax {
		b.carry = w
		b.flush()
		return
	}
	b.certify(f, w)
	if len(f.waiting) == groupTxnsMax || f.bytes >= groupBytesMax {
		b.flush()
	}
}

// flush hands the open group to raft.
func (b *batcher) flush() {
	f := b.open
	b.open = nil
	switch {
	case f == nil:
	case len(f.waiting) == 0:
		<-b.slots
	case b.node.guard.failure() != nil:
		for _, w := range f.waiting {
			w.answer(Result{}, b.node.closedError())
		}
		<-b.slots
	default:
		data := redo.AppendGroup(make([]byte, 0, f.bytes+len(f.waiting)*16+32), f.group)
		b.launch(f, raft.Log{Data: data, Extensions: groupTag(b.term)})
	}
}

func (b *batcher) poll() *pending {
	select {
	case w := <-b.queue:
		return w
	default:
		return nil
	}
}

// certify adds w to the flight if the state machine lets it.
func (b *batcher) certify(f *flight, w *pending) {
	if !w.take() {
		return
	}
	if !b.inTerm(w) {
		return
	}
	p := w.proposal
	p.SCN = b.next
	if err := b.node.opts.StateMachine.Certify(p); err != nil {
		b.node.counters.refused.Add(1)
		w.answer(Result{}, err)
		return
	}
	b.next++
	b.last = max(b.opened, b.last+1)
	f.waiting = append(f.waiting, w)
	f.bytes += len(p.Body)
	f.group.Txns = append(f.group.Txns, redo.GroupTxn{TimeMicros: b.last, Body: p.Body})
}

// inTerm tells whether a proposal comes in time; one for another term, or that is late, is refused.
func (b *batcher) inTerm(w *pending) bool {
	p := w.proposal
	switch {
	case p.Term != 0 && p.Term != b.term:
		w.answer(Result{}, b.node.notLeader())
	case p.Late != nil && !p.Part && p.Late(p.XID):
		w.answer(Result{}, ErrSuperseded)
	default:
		return true
	}
	return false
}

// launch hands an entry to raft; the caller holds a slot. Raft's queue has room for far more than inFlightMax entries,
// so this does not block.
func (b *batcher) launch(f *flight, l raft.Log) {
	b.mu.Lock()
	f.key = entryKey(&l)
	b.flights[f.key] = f
	b.mu.Unlock()
	f.future = b.node.raft.ApplyLog(l, 0)
	b.launched <- f
}

// forget is for a flight that is about to be answered; false if crash has answered it.
func (b *batcher) forget(f *flight) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.flights[f.key] != f {
		return false
	}
	delete(b.flights, f.key)
	f.turn(telemetry.QuorumAck, telemetry.LogFileSync) // if it failed nobody has said that the wait for others is over
	return true
}

func (b *batcher) poke() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// refuseQueued answers whoever is still in the queue, or about to be.
func (b *batcher) refuseQueued() {
	refuse := func(w *pending) {
		if w != nil && w.take() {
			w.answer(Result{}, b.node.closedError())
		}
	}
	refuse(b.carry)
	for {
		none := b.entering.Load() == 0
		w := b.poll()
		refuse(w)
		if none && w == nil {
			return
		}
		runtime.Gosched()
	}
}
