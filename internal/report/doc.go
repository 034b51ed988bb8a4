// Package report makes pages that people read of what views of a node say about its sessions.
//
// The nouns:
//
//   - Window: the time that a report is about.
//   - ASH: a report of what active sessions did in a Window: how many, what they waited for, which statements, who blocked whom.
//   - AWR: a report of what a node did between two snapshots of its workload, with findings. AWRNodes and ASHNodes put those of several side by side.
//   - Comparison: two AWRs of one node, what one window did against what the other did.
//   - Top: what goes on now.
//
// Life of a report: (1) Collect asks the node, by SQL, over a connection that it is given; (2) the report is written as text or
// HTML; it says from which samples it was made, and what they cannot tell.
//
// The package changes nothing. Its values belong to one goroutine.
package report
