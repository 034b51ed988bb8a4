// Package function gives the SQL engine the functions, operators and aggregates that it lacks, and those whose results
// in MySQL it does not give.
//
// The nouns:
//
//   - Library: all functions of this package by name. It stands before the engine's own functions of the same names.
//   - Rewriter: the pass over a statement's syntax tree that turns what the engine builds without asking for a function
//     (operators, SUM and AVG, casts, intervals) into calls of functions of the Library.
//   - number: an operand as arithmetic sees it: a 64-bit integer with or without a sign, a decimal, or a float.
//   - scalar: a call of a function whose result follows from its arguments' values alone.
//
// Life of an expression: (1) the engine's parser reads the statement; (2) the Rewriter replaces the nodes that are ours
// by calls; (3) the engine's planner asks the Library for each function and gets an expression with MySQL's result type;
// (4) the expression is evaluated for each row. Its String is the SQL that the client wrote, so definitions that are
// stored as text (defaults, checks, generated columns) hold operators, and come through here again when they are read.
//
// The package never reads tables, the store or a clock, and keeps nothing between statements.
//
// Library and Rewriter are constant after New and may be used by many goroutines; an expression belongs to one
// statement.
package function
