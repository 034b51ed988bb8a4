// Package segments keeps committed transactions in sealed files: compressed, indexed,
// and chained by hash.
//
// The nouns. A Record is one committed transaction: its SCN, its time, the ids of the
// tables it touched, and a payload that nobody here looks into. A segment is a file of
// records with dense SCNs that never changes once it has its name. A block is about 32
// KB of records, compressed together; the index of a segment says of each block which
// SCNs, times and tables it can hold. A Catalog is the directory of a chain of segments.
// A hold keeps what came after its SCN from being removed.
//
// The life of a record:
//
//  1. A Writer takes records in order of SCN, fills blocks, and adds each record to the
//     hash of the segment's content. Blocks go to a file with a temporary name.
//  2. Finish writes the index and the trailer, puts what is now known into the header,
//     syncs the file, gives it its name and syncs the directory. Before that there is no
//     segment, after it the segment is whole.
//  3. Catalog.Add checks that the segment goes on where the last one ended, by SCN and by
//     hash, and takes it into the manifest, so that its loss would be noticed.
//  4. Scan reads the blocks that may match a filter, checks each, and says how many it
//     could skip.
//  5. Remove takes whole segments from the front, up to the lowest hold.
//
// The hash of a segment covers its database, incarnation, the hash of the segment before
// it, and every field of every record, but not how they were packed: all nodes that seal
// the same records get the same chain. Verify computes it again, and the index with it.
//
// The package never changes a segment, never guesses past damage (reading stops with a
// CorruptionError that has file, offset and SCN), and knows neither SQL nor redo.
//
// Concurrency: a Writer belongs to one goroutine, an iterator too. Reader, Catalog and
// Holds may be used from anywhere. No goroutines are started.
package segments
