// Command bench measures Redoubt side by side with others and writes what came out to docs/bench, a file for each
// subject.
//
// The nouns:
//
//   - subject: log, commit, asof, sysbench, tpcc, history, start or rest; all is every one of them.
//   - side: Redoubt, in one form or more, and its peers.
//   - plan: how long, how often and how much, for a full run or a quick one.
//
// Life of a run: (1) the peers' binary and Redoubt's are built; (2) for each subject the sides are measured in turn, each
// measurement by a process of its own ("bench run SUBJECT CONFIG", or the peers' binary with the same words); (3) the
// report is written, with targets reached or not.
//
// It holds no figure of its own. A peer that cannot be built, installed or run is left out, and the file says so. One
// measurement runs at a time; leave the machine alone meanwhile.
package main
