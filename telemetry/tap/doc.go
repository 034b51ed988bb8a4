// Package tap tells from the tail of the log alone what is written, where, and by whom.
//
// The nouns:
//
//   - round: each second the tap reads what was committed since the last one, for a bounded time.
//   - Rate: commits, changes and bytes of a second.
//   - top: the tables, keys and writers with most changes in the last ten minutes, by the space-saving algorithm (Metwally,
//     Agrawal, El Abbadi 2005): a fixed number of counters, each with the most that it can be too high by.
//
// Life of a commit: (1) a round reads its record; (2) it is added to its second and to the tops of its minute; (3) after ten
// minutes it is forgotten. When there are more commits than a round can read, the tap reads the first of them and passes over
// the rest: how many there were is still exact, since SCNs are dense; the rest is a sample, and says so.
//
// The package reads the log and changes nothing. A Tap is safe for concurrent use.
package tap
