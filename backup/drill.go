package backup

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"redoubt/backup/store"
	"redoubt/scn"
)

// drillsFolder has what drills found.
const drillsFolder = verifiedFolder + "drills/"

// Drill is a loss of the database that was rehearsed: the newest archived commit was recovered, and compared with the live database.
type Drill struct {
	ID          string          `json:"id"`
	Node        string          `json:"node"` // that made it
	Started     time.Time       `json:"started"`
	Finished    time.Time       `json:"finished"`
	Took        time.Duration   `json:"took"`             // of the recovery, in nanoseconds: the time to go on from a loss
	Backup      string          `json:"backup,omitempty"` // that it began from; empty: the first commit
	Incarnation scn.Incarnation `json:"incarnation"`      // of SCN
	SCN         scn.SCN         `json:"scn"`              // that was reached
	TimeMicros  int64           `json:"time"`             // its commit time
	Newest      scn.SCN         `json:"newest"`           // of the live database when the drill began
	Lost        time.Duration   `json:"lost"`             // by then the oldest commit behind SCN was so old; 0: there was none
	StateHash   string          `json:"state_hash,omitempty"`
	LiveHash    string          `json:"live_hash,omitempty"` // of the live database as of SCN
	Problem     string          `json:"problem,omitempty"`   // why it failed; empty: it did not
}

// LostSCNs is how many commits a loss would have cost when the drill began.
func (d *Drill) LostSCNs() uint64 { return uint64(d.Newest - min(d.SCN, d.Newest)) }

// SaveDrill keeps a drill in the repository, under a name that it gives it.
func SaveDrill(ctx context.Context, s store.Store, d *Drill) error {
	var random [3]byte
	if _, err := rand.Read(random[:]); err != nil {
		return err
	}
	d.ID = d.Started.UTC().Format("20060102T150405") + "-" + hex.EncodeToString(random[:])
	if err := putJSON(ctx, s, drillsFolder+d.ID+".json", d); err != nil {
		return fmt.Errorf("keep the drill in %s: %w", s, err)
	}
	return keepNewest(ctx, s, drillsFolder)
}

// Drills remembers the drills of one repository. The zero value knows nothing yet. It is safe for concurrent use.
type Drills struct {
	mu    sync.Mutex
	known map[string]Drill // by object
}

// Load gives the drills, the newest last; only what is new is read. One that cannot be read has failed.
func (r *Drills) Load(ctx context.Context, s store.Store) ([]Drill, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	list, whole, err := runs(ctx, s, drillsFolder, r.known, func(object string, err error) Drill {
		return Drill{ID: strings.TrimSuffix(strings.TrimPrefix(object, drillsFolder), ".json"), Problem: fmt.Sprint("what it found cannot be read: ", err)}
	})
	if err == nil {
		r.known = whole
	}
	slices.SortStableFunc(list, func(a, b Drill) int { return a.Started.Compare(b.Started) })
	return list, err
}
