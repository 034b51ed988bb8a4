package simcluster

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"redoubt/node/bridge"
	"redoubt/replication"
	"redoubt/scn"
	"redoubt/wal/redo"
)

// hasty acknowledges before anything is committed.
type hasty struct {
	bridge.Proposals
	aside func(func())
}

func (h hasty) Propose(_ context.Context, p *replication.Proposal) (replication.Result, error) {
	h.aside(func() { _, _ = h.Proposals.Propose(context.Background(), p) })
	return replication.Result{}, nil
}

// denying says of some commits that they were refused.
type denying struct {
	bridge.Proposals
	count *atomic.Int64
}

func (d denying) Propose(ctx context.Context, p *replication.Proposal) (replication.Result, error) {
	r, err := d.Proposals.Propose(ctx, p)
	if d.count.Add(1)%40 == 0 && err == nil {
		err = replication.ErrSuperseded
	}
	return r, err
}

// doubling applies some transactions twice: what they appended is there two times.
type doubling struct {
	replication.StateMachine
	every scn.SCN
}

func (d doubling) Apply(groups []replication.AppliedGroup) error {
	groups = slices.Clone(groups)
	for i := range groups {
		g := &groups[i].Group
		g.Txns = slices.Clone(g.Txns)
		for j := range g.Txns {
			if (g.FirstSCN+scn.SCN(j))%d.every == 0 {
				g.Txns[j].Body = doubled(g.Txns[j].Body)
			}
		}
	}
	return d.StateMachine.Apply(groups)
}

// doubled is a transaction whose appends are done twice.
func doubled(body []byte) []byte {
	t, err := redo.DecodeTransaction(body)
	if err != nil {
		panic(err)
	}
	for i := range t.Changes {
		for j, c := range t.Changes[i].After {
			if t.Changes[i].Op == redo.Update && c.ID == 2 && c.Value.Kind() == redo.String {
				list := string(c.Value.Data())
				last := list[strings.LastIndexByte(list, ',')+1:]
				t.Changes[i].After[j].Value = redo.StringValue([]byte(list + "," + last))
			}
		}
	}
	return redo.AppendTransaction(nil, t)
}

// triesMax is how many simulations may pass until a defect is found.
const triesMax = 30

// TestDefects: what is broken on purpose is found, and by whom it should be.
func TestDefects(t *testing.T) {
	first := firstSeed()
	for _, c := range []struct {
		name string
		make func() Defect
		want string // kinds of what is found, one of which must be
	}{
		{"acknowledged before it is committed", func() Defect {
			return Defect{Proposals: func(p bridge.Proposals, aside func(func())) bridge.Proposals { return hasty{p, aside} }}
		}, "lost:|order:|was over before"},
		{"stale reads", func() Defect { return Defect{StaleReads: true} }, "was over before"},
		{"applied twice on all nodes", func() Defect {
			return Defect{StateMachine: func(_ string, m replication.StateMachine) replication.StateMachine { return doubling{m, 50} }}
		}, "twice:|its state differs|one state on all nodes"}, // who leads has the transaction in memory
		{"applied twice on one node", func() Defect {
			return Defect{StateMachine: func(id string, m replication.StateMachine) replication.StateMachine {
				if id == "n2" {
					return doubling{m, 50}
				}
				return m
			}}
		}, "one state on all nodes|its state differs"},
		{"told as refused though committed", func() Defect {
			count := new(atomic.Int64)
			return Defect{Proposals: func(p bridge.Proposals, _ func(func())) bridge.Proposals { return denying{p, count} }}
		}, "G1a:"},
		{"logs that are not synced", func() Defect {
			return Defect{LostSyncs: func(path string) bool { return strings.HasPrefix(path, "log") }}
		}, "lost:|lost acknowledged entries|stuck:|does not start"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for i := range uint64(triesMax) {
				_, err := simulate(t, first+i, c.make())
				if err == nil {
					continue
				}
				for _, kind := range strings.Split(c.want, "|") {
					if strings.Contains(err.Error(), kind) {
						t.Logf("found by simulation %d, with -sim-seed %d: %.300v", i+1, first+i, err)
						return
					}
				}
				t.Fatalf("with -sim-seed %d something else was found, want one of %s: %.2000v", first+i, c.want, err)
			}
			t.Fatalf("%d simulations found nothing", triesMax)
		})
	}
}
