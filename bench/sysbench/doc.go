// Package sysbench runs the workloads of the program sysbench against a server of MySQL's protocol and measures what the
// client sees and what the server's process spends.
//
// The nouns:
//
//   - workload: one of sysbench's Lua scripts, oltp_point_select and the like.
//   - run: a workload with a number of threads for some seconds.
//
// Life of a measurement: (1) the server is started over an empty directory and told to run transactions under REPEATABLE
// READ; (2) sysbench fills its tables; (3) the workload runs for a while uncounted; (4) it runs with each number of
// threads; the figures come from what sysbench prints and from the processor time of the server before and after.
//
// Where two servers differ by less than the machine does from one second to the next, a pair is measured instead: both run at the same
// time, and the workload goes from one to the other and back many times.
//
// The only error that a run may meet is 1213, "run it again", which sysbench does and counts; any other ends the
// measurement, and so does a lost connection. A profile of the node is taken from its own page, if one is wanted. One
// measurement at a time: client and server share the machine.
package sysbench
