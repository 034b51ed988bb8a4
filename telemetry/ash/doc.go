// Package ash is the history of active sessions: who was doing what, and what they waited for, at each moment of the past.
//
// The nouns:
//
//   - sweep: a look at every slot of the node. One each 100 ms, and every tenth of these is a sample.
//   - Sample: one session in one sweep; idle sessions give none.
//   - ring: samples in memory, the latest. There are two: of each second for about an hour, of each 100 ms for minutes.
//   - archive: every tenth sample on disk, in files of which the oldest goes when they are too large together.
//
// Life of a sample: (1) the Sampler sweeps the slots; (2) what it sees goes into the ring of 100 ms and, each second, into
// the other one and to whoever subscribed; (3) every tenth second's goes to the archive, which writes it within
// ten seconds; (4) Read gives samples of a window, oldest first.
//
// The package reads slots and changes nothing of the database. What a crash cuts off of the archive is passed over when it
// is read again: each frame stands for itself. A Sampler is safe for concurrent use.
package ash
