// Package match finds rows that go together by equality: of the two sides of a join, and of a value and a subquery.
//
// The nouns:
//
//   - Comparison: the equality of two expressions, and the keys by which values that may be equal are found together.
//   - Join: a join whose right side is read once, and looked up by key where the condition has an equality.
//   - Groups: the rows of a subquery by the values that tie it to the query around it, each group a Set.
//   - Set: what IN looks a value up in, with NULL as SQL wants it.
//   - Coster: what the engine's planner asks for the cost of each way to join. Ways whose rows would be wrong cost too
//     much to be taken.
//
// Life of a join: (1) the planner weighs orders and ways of a join by the Coster; (2) execution gives each join to Join,
// which takes it unless its right side depends on the row on the left, as with a lookup by an index; (3) the right side
// is read, once there is a row on the left; (4) each row on the left meets those that have its key, and the whole
// condition decides.
//
// A key never decides: values that are equal have the same key, and others may have it, too. The package never reads
// tables itself, and keeps nothing between statements. All of it belongs to one statement and one goroutine, except for
// the Coster, which is constant.
package match
