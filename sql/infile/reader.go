package infile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// bufferBytes is how much of a file is read at a time. Terminators must be shorter.
const bufferBytes = 64 << 10

// Reader gives the rows of a file.
type Reader struct {
	in            *bufio.Reader
	format        Format
	fieldBytesMax int

	field   []byte
	lineEnd string // the format's, empty if lines end with their last field
	ended   bool   // the field that was read last ended its line
}

// NewReader makes a Reader of a valid Format. A field of more than fieldBytesMax bytes is an error.
func NewReader(in io.Reader, format Format, fieldBytesMax int) *Reader {
	r := &Reader{in: bufio.NewReaderSize(in, bufferBytes), format: format, fieldBytesMax: fieldBytesMax, lineEnd: format.LineEnd}
	if r.lineEnd == format.FieldEnd {
		r.lineEnd = ""
	}
	return r
}

// Skip passes over lines, as IGNORE n LINES wants; the file may have fewer.
func (r *Reader) Skip(lines int64) error {
	for ; lines > 0; lines-- {
		if _, err := r.endLine(); err != nil {
			return ignoreEnd(err)
		}
	}
	return nil
}

// Read gives the next row: its fields, at most want, appended to into. more tells that the line had others. At the end
// of the file the error is io.EOF.
func (r *Reader) Read(want int, into []Field) (fields []Field, more bool, err error) {
	if err := r.startLine(); err != nil {
		return into, false, err
	}
	r.ended = false
	fields = into
	for range want {
		f, err := r.readField()
		if errors.Is(err, io.EOF) && len(fields) > len(into) {
			return fields, false, nil // what ends without a line's end is a row, too
		}
		if err != nil {
			return fields, false, err
		}
		if fields = append(fields, f); r.ended {
			return fields, false, nil
		}
	}
	more, err = r.endLine()
	return fields, more, ignoreEnd(err)
}

func ignoreEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// startLine goes behind the next LINES STARTING BY.
func (r *Reader) startLine() error {
	if r.format.LineStart == "" {
		return nil
	}
	for {
		c, err := r.in.ReadByte()
		if err != nil {
			return err
		}
		if r.isNext(c, r.format.LineStart) {
			return nil
		}
	}
}

// endLine passes over the rest of a line and tells whether there was any.
func (r *Reader) endLine() (some bool, err error) {
	if r.lineEnd == "" {
		return false, nil
	}
	for {
		c, err := r.in.ReadByte()
		switch {
		case err != nil:
			return some, err
		case r.isEscape(c):
			if _, err := r.in.ReadByte(); err != nil {
				return true, err
			}
		case r.isNext(c, r.lineEnd):
			return some, nil
		}
		some = true
	}
}

// isNext tells whether a string comes, whose first byte may be c, which has been read; if so the rest of it is passed
// over.
func (r *Reader) isNext(c byte, s string) bool {
	if s == "" || c != s[0] {
		return false
	}
	if len(s) == 1 {
		return true
	}
	rest, err := r.in.Peek(len(s) - 1)
	if err != nil || string(rest) != s[1:] {
		return false
	}
	r.in.Discard(len(rest)) // never fails: they are in the buffer
	return true
}

func (r *Reader) isEscape(c byte) bool { return r.format.Escaped != "" && c == r.format.Escaped[0] }

func (r *Reader) isQuote(c byte) bool { return r.format.Enclosed != "" && c == r.format.Enclosed[0] }

// readField reads one field with what ends it. A quote that opens a field and is never closed belongs to its text, which
// then goes on to the end of the file.
func (r *Reader) readField() (Field, error) {
	r.field = r.field[:0]
	c, err := r.in.ReadByte()
	if err != nil {
		r.ended = true
		return Field{}, err
	}
	quoted := r.isQuote(c)
	if quoted {
		r.field = append(r.field, c)
	} else if err := r.in.UnreadByte(); err != nil {
		return Field{}, err
	}
	null := false // an escaped N was seen
	for {
		done, err := r.step(quoted, &null)
		switch {
		case errors.Is(err, io.EOF):
			r.ended = true
			return r.plainField(null), nil
		case err != nil:
			return Field{}, err
		case done && quoted:
			text := r.field[1:]
			return Field{Text: string(text), Null: null && len(text) == 1}, nil
		case done:
			return r.plainField(null), nil
		case len(r.field) > r.fieldBytesMax:
			return Field{}, fmt.Errorf("a field is longer than %d bytes", r.fieldBytesMax)
		}
	}
}

// plainField gives the field that was read, which is not enclosed. Where others may be, the word NULL is NULL.
func (r *Reader) plainField(null bool) Field {
	text := string(r.field)
	return Field{Text: text, Null: null && len(text) == 1 || r.format.Enclosed != "" && text == "NULL"}
}

// step reads one character of a field, and tells whether the field was ended by it.
func (r *Reader) step(quoted bool, null *bool) (done bool, err error) {
	c, err := r.in.ReadByte()
	if err != nil {
		return false, err
	}
	switch {
	case r.isEscape(c) && r.format.Escaped != r.format.Enclosed:
		next, err := r.in.ReadByte()
		if err != nil {
			r.field = append(r.field, c)
			return false, err
		}
		*null = *null || next == 'N'
		r.field = append(r.field, unescaped(next))
		return false, nil
	case quoted && r.isQuote(c):
		return r.quote(c)
	case !quoted && r.isNext(c, r.lineEnd):
		r.ended = true
		return true, nil
	case !quoted && r.isNext(c, r.format.FieldEnd):
		return true, nil
	}
	r.field = append(r.field, c)
	return false, nil
}

// quote reads what follows a quote inside of an enclosed field: a second one stands for one, the end of a field or line
// closes the field, and before anything else the quote is a character as others are.
func (r *Reader) quote(c byte) (done bool, err error) {
	next, err := r.in.ReadByte()
	switch {
	case errors.Is(err, io.EOF):
		r.ended = true
		return true, nil
	case err != nil:
		return false, err
	case next == c:
		r.field = append(r.field, c)
		return false, nil
	case r.isNext(next, r.lineEnd):
		r.ended = true
		return true, nil
	case r.isNext(next, r.format.FieldEnd):
		return true, nil
	}
	r.field = append(r.field, c)
	return false, r.in.UnreadByte()
}
