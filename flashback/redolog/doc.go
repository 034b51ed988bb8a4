// Package redolog is the committed past as whoever looks into it needs it: transactions by SCN, whole, in order.
//
// The nouns:
//
//   - Log: the port to all committed transactions, sealed or not; node gives it.
//   - Filter: the SCNs and tables that a scan is for.
//   - Record: one committed transaction, encoded, with its SCN and time.
//
// Life of a scan: (1) somebody asks for a range of SCNs and some tables; (2) the Log skips what cannot match, in sealed
// segments block by block, and goes on in the live log where they end; (3) each record is looked at as it comes, so
// that a scan of a long range takes no more memory than its largest transaction.
//
// The package holds no state and reads no file; a Log is safe for concurrent use, one scan belongs to one goroutine.
package redolog
