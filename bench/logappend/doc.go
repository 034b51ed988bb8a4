// Package logappend measures appends to a log on disk: batches of entries, each batch durable before the next begins.
//
// The nouns:
//
//   - Config: how large an entry, how many in a batch, for how long.
//   - System: a log that can be measured. Redoubt and Bare are here, others' logs in the module bench/peers.
//   - Log: an open one, which appends the same payloads under new indexes again and again.
//
// Life of a measurement: (1) the system opens a new log, with files prepared as it always prepares them; (2) one
// goroutine appends batches until the time or the bytes are used up; (3) Run gives entries a second and how long a
// batch took, begin to durable, without the warm-up.
//
// It never writes to one log while another is measured, and no system may answer before the sync. A Log belongs to one
// goroutine.
package logappend
