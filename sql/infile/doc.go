// Package infile reads the text files of LOAD DATA: rows of fields, as a statement's FIELDS and LINES describe them.
//
// The nouns:
//
//   - Format: the strings that part, enclose and escape.
//   - Field: the text of one field, or NULL.
//   - Reader: gives the rows of a file one after the other.
//
// Life of a row: (1) the Reader looks for the start of the line, if lines have one; (2) it reads as many fields as the
// caller wants, undoing quotes and escapes; (3) it skips to the end of the line, and says whether anything was left.
//
// It never holds more than one row, and refuses a field that is longer than its limit. It knows bytes: what characters
// they are, and what type a column has, is the caller's business. A Reader belongs to one goroutine.
package infile
