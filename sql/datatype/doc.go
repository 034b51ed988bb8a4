// Package datatype translates between MySQL's column types and values and those that the engine stores.
//
// The nouns:
//
//   - Field: a column of the catalog together with its SQL type; it encodes and decodes values of the column.
//   - Shape: all fields of one table definition, and the slots by which a stored row becomes a SQL row.
//   - Collations: the catalog.Collator over the weights of the SQL front end's collations.
//
// Life of a value: (1) a statement gives a Go value of the column's SQL type; (2) Field.Encode makes the redo.Value
// that the log carries; (3) Field.Decode, through Shape.Decode, makes the same Go value again; (4) Collations gives
// the bytes by which text sorts in keys.
//
// The package never reads the store and never interprets SQL beyond type text. What it encodes is kept for ever, so
// an encoding may gain cases but never change one. Everything is immutable after construction and safe to share.
package datatype
