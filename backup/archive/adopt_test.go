package archive

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"redoubt/backup/repository"
	"redoubt/backup/store"
	"redoubt/scn"
)

// TestAdopt lets nodes of one cluster, which seal the same log at different places, archive it in turns: the repository has one chain
// without a gap all the time, also if a node has not looked there between two terms of its own. A node of another history is refused.
func TestAdopt(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	s, err := store.Open("file://"+t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := repository.In(s, repository.Options{})
	type node struct {
		log      *fakeLog
		sealed   scn.SCN
		archiver *Archiver
	}
	nodes := make([]*node, 3)
	leader, term := 0, uint64(1)
	for i := range nodes {
		nodes[i] = &node{log: newLog(t, t.TempDir())}
		nodes[i].archiver = newArchiver(t, r, nodes[i].log)
		nodes[i].archiver.options.Leads = func() (uint64, bool) { return term, leader == i }
	}
	for applied := scn.SCN(1); applied < 400; applied += scn.SCN(1 + random.IntN(20)) {
		if random.IntN(4) == 0 {
			leader, term = random.IntN(len(nodes)), term+1
		}
		for _, n := range nodes {
			n.log.applied = applied
			if to := applied - scn.SCN(random.IntN(10)); random.IntN(3) == 0 && to > n.sealed && to < applied {
				n.log.seal(to)
				n.sealed = to
			}
		}
		for i, n := range nodes {
			if i != leader && random.IntN(10) > 0 {
				continue // it has not noticed yet that it follows
			}
			if random.IntN(4) == 0 {
				if _, err := n.archiver.Weigh(ctx, 0, applied); err != nil {
					t.Fatalf("node %d at SCN %d: %v", i, applied, err)
				}
			}
			if err := n.archiver.Round(ctx); err != nil {
				t.Fatalf("node %d at SCN %d: %v", i, applied, err)
			}
		}
		if end := chainEnd(t, s); end != applied {
			t.Fatalf("the repository's log ends at SCN %d, want %d", end, applied)
		}
	}
	other := newLog(t, t.TempDir())
	other.flavour, other.applied = "other ", 1000
	other.seal(500)
	if err := newArchiver(t, r, other).Round(ctx); err == nil || !strings.Contains(err.Error(), "two histories") {
		t.Errorf("a node of another history archives: %v", err)
	}
}
