package simcluster

import (
	"flag"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"redoubt/internal/crashfs"
)

var (
	clustersFlag = flag.Int("sim-clusters", 24, "how many clusters to simulate")
	seedFlag     = flag.Uint64("sim-seed", 0, "seed of the first; 0 takes one from the clock")
	eventsFlag   = flag.Bool("sim-events", false, "tell what happened in each")
)

// made are the images of clusters, by number of nodes.
var made struct {
	sync.Mutex
	images map[int][]*crashfs.FS
}

func images(t *testing.T, nodes int) []*crashfs.FS {
	made.Lock()
	defer made.Unlock()
	if made.images[nodes] == nil {
		synctest.Test(t, func(t *testing.T) {
			fs, err := Images(nodes)
			if err != nil {
				t.Fatal(err)
			}
			if made.images == nil {
				made.images = map[int][]*crashfs.FS{}
			}
			made.images[nodes] = fs
		})
	}
	return made.images[nodes]
}

// nodesOf says how many nodes the cluster of a seed has.
func nodesOf(seed uint64) int {
	if seed%5 == 4 {
		return 5
	}
	return 3
}

// hangAfter is how long a simulation may take, in the time of the machine.
const hangAfter = 2 * time.Minute

// simulate runs a cluster in a bubble.
func simulate(t *testing.T, seed uint64, d Defect) (r *Report, err error) {
	from := images(t, nodesOf(seed))
	var now atomic.Pointer[Cluster]
	hung := time.AfterFunc(hangAfter, func() {
		debug.SetTraceback("all")
		panic(fmt.Sprintf("the simulation with -sim-seed %d hangs: a goroutine waits for something outside of virtual time, such as a lock, or never waits\n%s",
			seed, strings.Join(now.Load().Events(), "\n")))
	})
	defer hung.Stop()
	synctest.Test(t, func(*testing.T) {
		c := New(seed, from, d)
		now.Store(c)
		r, err = c.Run()
	})
	return r, err
}

func firstSeed() uint64 {
	if *seedFlag != 0 {
		return *seedFlag
	}
	return uint64(time.Now().UnixNano()) % 1e12
}

// TestClusters: clients of clusters to which everything happens never see anything wrong.
func TestClusters(t *testing.T) {
	first := firstSeed()
	var mu sync.Mutex
	total := Report{Fired: map[string]int{}}
	t.Run("seed", func(t *testing.T) {
		for i := range *clustersFlag {
			seed := first + uint64(i)
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				r, err := simulate(t, seed, Defect{})
				if err != nil || *eventsFlag {
					t.Logf("%v\n%s", r, strings.Join(r.Events, "\n"))
				}
				if err != nil {
					t.Fatalf("%v\nreplay with: go test ./internal/simcluster -run '^TestClusters$' -sim-clusters 1 -sim-seed %d", err, seed)
				}
				mu.Lock()
				defer mu.Unlock()
				total.Nodes += r.Nodes
				total.Committed += r.Committed
				total.Refused += r.Refused
				total.Asked += r.Asked
				total.Took += r.Took
				for kind, n := range r.Fired {
					total.Fired[kind] += n
				}
			})
		}
	})
	t.Logf("%d clusters from -sim-seed %d: %v", *clustersFlag, first, &total)
	void(t, &total)
}

// void ends a test in which too little happened to say anything.
func void(t *testing.T, total *Report) {
	t.Helper()
	if total.Committed < 20**clustersFlag {
		t.Errorf("%d clusters committed %d transactions: there was too little load", *clustersFlag, total.Committed)
	}
	if *clustersFlag < 100 {
		return
	}
	if total.Asked < *clustersFlag/10 {
		t.Errorf("other nodes were asked for the outcome of %d transactions only", total.Asked)
	}
	for _, f := range faults {
		if total.Fired[f.name] == 0 {
			t.Errorf("there was no %s", f.name)
		}
	}
}
