package telemetry

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// NewSet makes an empty collection of metrics whose help and type lines are written out.
func NewSet() *metrics.Set {
	metrics.ExposeMetadata(true)
	return metrics.NewSet()
}

// Check asks one thing about a node's health.
type Check struct {
	Name string
	// Ready says that clients should be sent elsewhere while it fails. The others only tell that something is ill.
	Ready bool
	// Ask gives nil if all is well, else what is wrong and what to do. It must return soon and honour the context.
	Ask func(context.Context) error
}

// Result is the answer to a check.
type Result struct {
	Name  string
	Ready bool
	Err   error
	Took  time.Duration
}

// Checks are the checks of one node, in the order in which they were added.
type Checks struct {
	mu   sync.RWMutex
	list []Check
}

// Add registers a check.
func (c *Checks) Add(check Check) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, check)
}

// checkTimeout bounds one check.
const checkTimeout = 2 * time.Second

// Run asks every check.
func (c *Checks) Run(ctx context.Context) []Result {
	c.mu.RLock()
	list := slices.Clone(c.list)
	c.mu.RUnlock()
	results := make([]Result, len(list))
	for i, check := range list {
		start := time.Now()
		asking, cancel := context.WithTimeout(ctx, checkTimeout)
		results[i] = Result{Name: check.Name, Ready: check.Ready, Err: check.Ask(asking)}
		cancel()
		results[i].Took = time.Since(start)
	}
	return results
}
