package redo

import "encoding/binary"

// reader walks over encoded bytes; the first failure sticks and later reads give zeros.
type reader struct {
	buf   []byte
	off   int
	err   error
	trace func(what string, from, to int) // told of every element; for the page on the format
}

func (r *reader) note(what string, from int) {
	if r.trace != nil {
		r.trace(what, from, r.off)
	}
}

func (r *reader) fail(what string, err error) {
	if r.err == nil {
		r.err = &DecodeError{What: what, Offset: r.off, Err: err}
	}
}

func (r *reader) byte(what string) byte {
	if r.err != nil || r.off >= len(r.buf) {
		r.fail(what, ErrTruncated)
		return 0
	}
	b := r.buf[r.off]
	r.off++
	r.note(what, r.off-1)
	return b
}

func (r *reader) uvarint(what string) uint64 {
	if r.off < len(r.buf) && r.buf[r.off] < 0x80 && r.err == nil && r.trace == nil {
		r.off++
		return uint64(r.buf[r.off-1])
	}
	return r.uvarintOf("", what)
}

// uvarintOf takes the name in two parts, which are put together only if somebody gets to see it.
func (r *reader) uvarintOf(prefix, what string) uint64 {
	if r.err != nil {
		return 0
	}
	v, n := binary.Uvarint(r.buf[r.off:])
	switch {
	case n == 0:
		r.fail(prefix+what, ErrTruncated)
		return 0
	case n < 0:
		r.fail(prefix+what, ErrMalformed)
		return 0
	}
	r.off += n
	if r.trace != nil {
		r.note(prefix+what, r.off-n)
	}
	return v
}

func (r *reader) varint(what string) int64 {
	u := r.uvarint(what)
	return int64(u>>1) ^ -int64(u&1)
}

func (r *reader) fixed64(what string) uint64 {
	b := r.take(what, 8)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint64(b)
}

// take gives the next n bytes as a slice of the input.
func (r *reader) take(what string, n uint64) []byte {
	if r.err != nil {
		return nil
	}
	if n > uint64(len(r.buf)-r.off) {
		r.fail(what, ErrTruncated)
		return nil
	}
	b := r.buf[r.off : r.off+int(n) : r.off+int(n)]
	r.off += int(n)
	if n > 0 {
		r.note(what, r.off-int(n))
	}
	return b
}

func (r *reader) bytes(what string) []byte { return r.take(what, r.uvarintOf("length of ", what)) }

// count reads a number of elements of at least minBytes each, so that a hostile count allocates nothing.
func (r *reader) count(what string, minBytes int) int {
	n := r.uvarint(what)
	if r.err == nil && n > uint64((len(r.buf)-r.off)/minBytes) {
		r.fail(what, ErrTruncated)
		return 0
	}
	return int(n)
}

func (r *reader) end(what string) {
	if r.err == nil && r.off != len(r.buf) {
		r.fail(what, ErrMalformed)
	}
}

func appendVarint(dst []byte, v int64) []byte {
	return binary.AppendUvarint(dst, uint64(v<<1)^uint64(v>>63))
}

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}
