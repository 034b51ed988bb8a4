package frames

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
)

const (
	// HeadBytes is what a frame takes before its payload.
	HeadBytes = 12
	// FrameBytesMax bounds a payload.
	FrameBytesMax = 16 << 20

	magicBytes = 4
)

// ErrNotWhole is the error of bytes that are no whole frame, or whose body is not what it says.
var ErrNotWhole = errors.New("the frame is not whole")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Kind is what files of a history are called, PREFIX and a number, and what they and their frames begin with. The last byte of the
// header is the version. What names the history in errors.
type Kind struct{ Prefix, Header, Magic, What string }

// IsFile tells whether a name is one of a file of the kind.
func (k *Kind) IsFile(name string) bool {
	rest, ok := strings.CutPrefix(name, k.Prefix)
	return ok && rest != "" && strings.Trim(rest, "0123456789") == ""
}

// Append encodes a frame at the end of b. body adds its body.
func (k *Kind) Append(b []byte, micros int64, body func(b []byte) []byte) []byte {
	start := len(b)
	b = append(b, k.Magic...)
	b = append(b, make([]byte, HeadBytes-magicBytes)...)
	b = body(binary.AppendVarint(b, micros))
	payload := b[start+HeadBytes:]
	binary.LittleEndian.PutUint32(b[start+4:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(b[start+8:], crc32.Checksum(payload, castagnoli))
	return b
}

// At gives the moment and the body of a whole frame at the start of b, and its size.
func (k *Kind) At(b []byte) (micros int64, body []byte, size int, err error) {
	if len(b) < HeadBytes || string(b[:magicBytes]) != k.Magic {
		return 0, nil, 0, ErrNotWhole
	}
	n := int(binary.LittleEndian.Uint32(b[4:]))
	if n > FrameBytesMax || n > len(b)-HeadBytes {
		return 0, nil, 0, ErrNotWhole
	}
	payload := b[HeadBytes : HeadBytes+n]
	if crc32.Checksum(payload, castagnoli) != binary.LittleEndian.Uint32(b[8:]) {
		return 0, nil, 0, ErrNotWhole
	}
	micros, moment := binary.Varint(payload)
	if moment <= 0 {
		return 0, nil, 0, ErrNotWhole
	}
	return micros, payload[moment:], HeadBytes + n, nil
}

// next gives where the next frame may begin after the first byte of b; len(b) if nowhere.
func (k *Kind) next(b []byte) int {
	if i := bytes.Index(b[1:], []byte(k.Magic)); i >= 0 {
		return i + 1
	}
	return len(b)
}

// Reader reads the varints and texts of a body; once something is wrong it gives zeros.
type Reader struct {
	Rest []byte
	Bad  bool
}

// Uint reads a number.
func (p *Reader) Uint() uint64 {
	v, n := binary.Uvarint(p.Rest)
	if n <= 0 {
		p.Rest, p.Bad = nil, true
		return 0
	}
	p.Rest = p.Rest[n:]
	return v
}

// Int reads a number that may be negative.
func (p *Reader) Int() int64 {
	v, n := binary.Varint(p.Rest)
	if n <= 0 {
		p.Rest, p.Bad = nil, true
		return 0
	}
	p.Rest = p.Rest[n:]
	return v
}

// Text reads a text of so many bytes at most.
func (p *Reader) Text(most int) string {
	n := p.Uint()
	if n > uint64(most) || n > uint64(len(p.Rest)) {
		p.Rest, p.Bad = nil, true
		return ""
	}
	s := string(p.Rest[:n])
	p.Rest = p.Rest[n:]
	return s
}

// Count reads how many things follow, each of at least one byte.
func (p *Reader) Count(most int) int {
	n := p.Uint()
	if n > uint64(most) || n > uint64(len(p.Rest)) {
		p.Bad = true
		return 0
	}
	return int(n)
}

// AppendText adds a text as Reader reads it.
func AppendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}
