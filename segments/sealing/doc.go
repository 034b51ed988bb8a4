// Package sealing turns the committed log into sealed segments while it grows.
//
// The nouns:
//
//   - Source: where committed transactions come from, in order of SCN.
//   - Mark: the source's own note of a place, opaque here, from which it can go on after a restart.
//   - Sealer: reads the source, fills segments, and seals each when it is full or old enough.
//
// Life of a segment: (1) Run opens the source at the last mark; (2) records go into a segments.Writer; (3) when there
// are enough bytes, or the oldest record has waited long enough, the segment is finished and added to the catalog;
// (4) the mark is written, so that the log up to there may go; (5) Sealed tells the owner. A crash before (4) reads
// some records again; those that the catalog has are passed over.
//
// An error stops nothing but sealing: it shows in Failure, and sealing is tried again a little later, from the mark.
// The package knows neither the log nor what payloads mean. Run belongs to one goroutine; the rest is safe for
// concurrent use.
package sealing
