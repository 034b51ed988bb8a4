// Package telemetry is what the parts of Redoubt write about themselves: figures and the state of their health.
//
// The nouns:
//
//   - Set: a collection of metrics of one node, served as Prometheus text (VictoriaMetrics' metrics.Set).
//   - Check: a named question about the node's health, with an answer that is true now.
//   - Checks: all of a node's.
//
// Life of a figure: (1) node makes a Set and hands it, or functions that read a part's own counters, to where things
// happen; (2) the hot path adds to a counter; (3) whoever asks for /metrics reads them all. Life of a check: (1) a
// part registers it; (2) Run asks it each time that somebody wants to know.
//
// The package is a leaf that anyone may import; it starts nothing and stores nothing. Readers of the figures live in
// its subfolders. Everything is safe for concurrent use.
package telemetry
