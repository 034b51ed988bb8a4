// Package wal is the storage of the redo log: numbered, opaque payloads, each
// durable before Append returns and checked on every read.
//
// The nouns. An entry is a payload with an index; indexes are dense. A batch is
// what one Append wrote, and it is there whole or not at all. A frame is an
// entry, or the record of a truncation, as it lies in a file. A file is a
// fixed piece of the log; the last one, the tail, takes the frames, the others
// are sealed by a footer that says where each entry lies. A spare is a file that
// was written before and waits to be the next tail.
//
// The life of a batch:
//
//  1. Append checks that the indexes follow the log and that sizes are bounded.
//  2. If the tail has no room, a spare gets a header and the name of the next
//     file, and then the old tail gets its footer.
//  3. The frames are built in one buffer, each chained to the one before it, and
//     go out in one write, filled up to the page so that the kernel never has to
//     read before it writes.
//  4. One fdatasync. The file was written before, so nothing but data moves.
//  5. The entries become visible to Get, LastIndex moves, waiters wake.
//
// Opening reads the header and the trailer of each sealed file and scans the
// tail alone. What follows the last complete batch is cut if it can be a batch
// that was never acknowledged; it is a CorruptionError, and nothing is changed,
// if anything proves that the log once went on (format.go has the rules).
//
// Truncating at the back appends a record: no byte that was acknowledged is
// ever overwritten while its file is part of the log, so that no crash can bring
// an old entry back. Truncating at the front makes the new beginning durable in
// the control file and then turns whole files into spares.
//
// The package never looks into a payload, never retries a write or a sync that
// failed (the log is then closed to everything, with that error), never cuts what
// may have been acknowledged, and starts no goroutine.
//
// What it asks of the disk: a synced byte stays, and a 512-byte sector is written
// whole or not at all, since a batch may begin in the sector where the one before
// it ended.
//
// Concurrency: Append, TruncateBack and Reset exclude one another; TruncateFront
// may run beside Append; Get, Wait, Stats, Files, FirstIndex and LastIndex may be
// called from anywhere at any time. Lock order: writeMu, controlMu, mu; dirMu and
// the locks of a file are leaves.
package wal
