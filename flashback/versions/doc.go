// Package versions tells what rows were through time: VERSIONS BETWEEN, without its SQL.
//
// The nouns:
//
//   - Range: the SCNs that are asked for.
//   - Life: which table a name meant through the range, as generations: a table id and the SCNs at which the name meant it.
//   - Row: a maximal run of SCNs at which one version of a row was visible, or the deletion that ended one.
//   - Reader: gives the rows of a range of keys, or of a range of an index's entries, of a life.
//
// What is a version is defined by reading AS OF: there is a row for each maximal run of SCNs of the range at which a
// reader of that SCN sees the same version of a key. So a flashback at f ends what it took away at f, and what it brought
// back begins at f, inserted, updated or deleted as seen from f - 1; versions of a timeline that was left are there as they
// were seen then. The end of a table ends its rows, and a table made by ALTER goes on with the rows of the one that it
// replaces.
//
// Life of a question: (1) Follow finds the life of a name; (2) Rows or IndexRows walks over the keys, and for each over the
// generations, and for each of these over the segments between rewinds: what was visible where a segment begins is looked
// up by lineage, what changed in it is read version by version; (3) what differs from before ends a run and begins one.
//
// A Reader holds one version of one row at a time. It belongs to one goroutine. The package knows no SQL, and reads committed
// versions only.
package versions
