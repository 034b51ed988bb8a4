// Package asof measures reads of the past against reads of now, of the same rows.
//
// The nouns:
//
//   - spread: a table in which every row was changed again and again after the remembered moment.
//   - hot: a table in which one row was, and the others never.
//   - reader: one way to ask: SQL over a connection, or the engine itself.
//   - case: what is read: one row, or a range of a hundred.
//
// Life of a measurement: (1) both tables are filled; (2) the moment is remembered, an SCN or a time; (3) the later
// versions are written; (4) in each round every case is read in short slices, now and as of the moment in turn, by one
// goroutine; (5) the figures are medians of the rounds: microseconds of each, and their ratio.
//
// It never compares reads of different rows, and checks before it measures that the past is what was remembered. One
// measurement at a time.
package asof
