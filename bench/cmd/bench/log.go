package main

import (
	"context"
	"encoding/json"
	"fmt"

	"redoubt/bench/logappend"
	"redoubt/bench/measure"
)

// logCases are bytes of an entry, and entries in a batch. Batches of one have no target; a quick run leaves them out.
var logCases = [][2]int{{256, 1}, {256, 64}, {256, 512}, {1024, 64}, {1024, 512}}

var logPeers = []string{"raft-wal", "etcd wal", "raft-boltdb"}

// log measures T1.
func (p *plan) log(ctx context.Context, r *measure.Report) error {
	r.Title = "Appending to the log"
	r.How = []string{
		"One goroutine appends batches of entries that do not compress; a batch is durable before the next begins. Each " +
			"measurement is a process of its own with a new log; the sides take turns, and a ratio is taken within each round.",
		"redoubt is `redoubt/wal` in its lasting state, with files that were written before. The bare file has such files too: " +
			"one pwrite of the payloads and one fdatasync, without frames or checksums. The others have their defaults; " +
			"raft-boltdb does not sync its free list.",
	}
	for _, c := range logCases {
		if p.quick && c[1] == 1 {
			continue
		}
		if err := p.logCase(ctx, r, c[0], c[1]); err != nil {
			return err
		}
	}
	return nil
}

func (p *plan) logCase(ctx context.Context, r *measure.Report, entryBytes, batchEntries int) error {
	seconds := pick(p.quick, 0.5, 2.5)
	config := func(system, dir string) any {
		// As many bytes as 8,000 syncs a second could take: enough for all but the smallest batches on a fast disk.
		most := int64(float64(entryBytes*batchEntries) * 8000 * seconds)
		return logappend.Config{
			System: system, Dir: dir, EntryBytes: entryBytes, BatchEntries: batchEntries, Seconds: seconds,
			BytesMax: min(most, pick[int64](p.quick, 256<<20, 1<<30)),
		}
	}
	var sides []measure.Side
	for _, name := range []string{"redoubt", "bare file"} {
		sides = append(sides, measure.Side{Name: name, Job: func(dir string) measure.Job { return p.job("log", config(name, dir)) }})
	}
	sides = append(sides, p.addPeers(ctx, r, "log", logPeers, config)...)
	s, err := p.compare(ctx, r, sides)
	if err != nil {
		return err
	}
	r.Tables = append(r.Tables, measure.Compare(fmt.Sprintf("%d B, %d entries a sync", entryBytes, batchEntries), s, sides, []measure.Column{
		{Figure: "per_second", Title: "entries/s", Spread: true, Ratio: true},
		{Figure: "p50_us", Title: "batch p50 µs", Ratio: true},
		{Figure: "p99_us", Title: "p99 µs"},
	}))
	if batchEntries > 1 {
		for _, t := range []struct {
			side  string
			limit float64
		}{{"raft-wal", 2.5}, {"etcd wal", 2.5}, {"bare file", 0.85}} {
			r.Targets = append(r.Targets, measure.Target{
				ID: "T1", What: fmt.Sprintf("entries/s ÷ %s's, %d B, %d a sync", t.side, entryBytes, batchEntries),
				Value: s.Ratio("redoubt", t.side, "per_second"), Limit: t.limit, Unit: "×",
			})
		}
	}
	return nil
}

// peerVersions asks the peers' binary.
func (p *plan) peerVersions(ctx context.Context) []measure.Version {
	var out []measure.Version
	said := p.ask(ctx, p.binary("peers"), "versions")
	if err := json.Unmarshal([]byte(said), &out); err != nil {
		return []measure.Version{{Name: "peers", Version: said}}
	}
	return out
}
