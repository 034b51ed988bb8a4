package infile

import "errors"

// Format says how a file is written. Enclosed and Escaped are one byte, or empty; the others are any strings.
type Format struct {
	FieldEnd  string // FIELDS TERMINATED BY; never empty
	Enclosed  string // FIELDS [OPTIONALLY] ENCLOSED BY
	Escaped   string // FIELDS ESCAPED BY
	LineStart string // LINES STARTING BY
	// LineEnd is LINES TERMINATED BY. If it is empty, or the same as FieldEnd, a line ends with its last field.
	LineEnd string
}

// Validate refuses what cannot be read.
func (f Format) Validate() error {
	switch {
	case f.FieldEnd == "":
		return errors.New("fields of fixed width, FIELDS TERMINATED BY ''")
	case len(f.Enclosed) > 1:
		return errors.New("FIELDS ENCLOSED BY more than one byte")
	case len(f.Escaped) > 1:
		return errors.New("FIELDS ESCAPED BY more than one byte")
	}
	return nil
}

// Field is one field of a row.
type Field struct {
	Text string
	Null bool
}

// unescaped gives what the byte behind an escape stands for.
func unescaped(c byte) byte {
	switch c {
	case '0':
		return 0
	case 'b':
		return '\b'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'Z':
		return 26
	}
	return c
}
