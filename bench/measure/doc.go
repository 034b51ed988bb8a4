// Package measure is what all measurements share: processes that measure, rounds in which the sides take turns, and the
// Markdown file that tells what came out.
//
// The nouns:
//
//   - Figures: what one process measured once, by name.
//   - Side: one thing that is compared; a Job is one measurement of it, in a process of its own.
//   - Samples: the Figures of all sides, round by round.
//   - Report: the file, with machine, versions, commands, tables, and targets that were reached or not.
//
// Life of a comparison: (1) Turns runs the sides one after the other, and again with another first, until the rounds are
// done; (2) each process opens what it measures in an empty directory, measures, prints its Figures as JSON, and ends; (3)
// figures are medians of the rounds, and a ratio is taken within each round before its median is; (4) Report writes the
// file.
//
// It never measures two things at once, never keeps a figure from one run to the next, and leaves out, by name and with
// the reason, a side that does not run. A function here belongs to one goroutine.
package measure
