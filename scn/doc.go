// Package scn is Redoubt's notion of time: system change numbers, and which of them a reader may see.
//
// The nouns:
//
//   - SCN: the n-th committed transaction since the database was created. Dense, 1, 2, 3 …, never going back.
//   - Range: a half-open span of history (After, To].
//   - Rewind: the fact, committed at one SCN, that something went back to an older one.
//   - Interval and Lineage: the spans of history that one reader of one table sees, newest first.
//   - Incarnation: the number of a branch of history; a restore or a forked clone opens a new one.
//
// Life of a visibility question: (1) the reader has a snapshot SCN; (2) the rewinds that concern its table give
// the lineage, LineageAt; (3) for each key the newest version at or below the first interval's top is looked up;
// (4) if it lies above the interval's bottom it is the answer, else the next interval is asked.
//
// The package is pure data: it reads no clock, no disk and no lock. All values are safe to share once built.
package scn
