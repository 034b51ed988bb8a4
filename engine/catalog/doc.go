// Package catalog is the dictionary: what schemas, tables, columns and indexes exist, and how rows become keys.
//
// The nouns:
//
//   - Table, Column, Index, ForeignKey, Check, Schema, Object: definitions. Columns are known by stable id.
//   - System tables: the dictionary and control tables, whose rows hold the definitions; they are changed by the
//     same redo as any table, so that DDL is versioned and replicated without code of its own.
//   - Snapshot: all definitions as of one SCN, immutable.
//   - Key parts: the order-preserving encoding of values, by which rows and index entries are sorted.
//   - Collator: turns text into bytes that sort as its collation wants; the SQL layer provides it.
//
// Life of a definition: (1) a statement builds a new Table; (2) its transaction writes it as a row of the tables
// table; (3) applying that change makes a new Snapshot with Snapshot.With; (4) readers of an older SCN get the
// snapshot of that SCN, made from the older versions of the same rows.
//
// The package does not read the store, knows no SQL text beyond carrying it, and never changes a definition that
// is in a snapshot. Everything is immutable after construction and safe for concurrent use.
package catalog
