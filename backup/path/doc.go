// Package path finds the cheapest way from what a repository has to a point of the database's history.
//
// The nouns:
//
//   - Point: an SCN of an incarnation.
//   - lineage: the incarnations whose log, up to an SCN each, is the history of another one.
//   - Path: a state to begin from, if any, and the pieces of the log that lead from there to the point.
//   - Gap: why there is none: what of the log is missing, and which backups were passed over.
//   - Range: SCNs that are reached alike, or not at all.
//
// Life of a search: (1) the pieces that have the point, in its lineage, are where a chain may end; (2) each is followed back
// from hash to hash as far as whole pieces go; (3) every usable state on the way is a beginning, and so is the first commit; (4)
// the one that costs the least time wins.
//
// The package reads nothing: it is told what there is and what of it is damaged. A Map may be used from any goroutine.
package path
