package crypt

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// decrypter is the content of an object, as far as it is authentic.
type decrypter struct {
	name, where string
	body        io.ReadCloser
	middle      *middle
	plain       io.Reader
	read        int64
	err         error // of the last Read, for ever: Tink's reader would go on behind a damage
}

// decrypt checks the header of an object, and gives its content. It closes body on an error.
func (s *Store) decrypt(k Key, name string, body io.ReadCloser) (io.ReadCloser, error) {
	want := header(k.ID, name)
	have := make([]byte, len(want))
	n, err := io.ReadFull(body, have)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, errors.Join(fmt.Errorf("read %s from %s: %w", name, s, err), body.Close())
	}
	if !bytes.Equal(have[:n], want) {
		more, err := io.ReadAll(io.LimitReader(body, nameBytesMax))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("read %s from %s: %w", name, s, err), body.Close())
		}
		detail, reason := judge(append(have[:n], more...), want, k.ID)
		return nil, errors.Join(&Error{name, s.String(), reason, detail}, body.Close())
	}
	d := &decrypter{name: name, where: s.String(), body: body, middle: &middle{r: bufio.NewReaderSize(body, chunkBytes)}}
	if d.plain, err = k.Stream.NewDecryptingReader(d.middle, want); err != nil {
		return nil, errors.Join(err, body.Close())
	}
	return d, nil
}

// judge tells why the beginning of an object is not what it must be.
func judge(have, want []byte, key uint32) (detail string, reason error) {
	if bytes.HasPrefix(want, have) {
		return "it ends within its header", ErrTruncated
	}
	version, hasKey, name, ok := parseHeader(have)
	switch {
	case ok && version != formatVersion:
		return fmt.Sprintf("its header has version %d, this version reads %d", version, formatVersion), ErrDamaged
	case ok && hasKey != key:
		return fmt.Sprintf("it is %s, encrypted with key %s", name, KeyName(hasKey)), ErrSwapped
	case ok:
		return "it is " + name, ErrSwapped
	case len(have) >= len(want) && nearlyEqual(have[:len(want)], want):
		return "in its header", ErrDamaged
	case bytes.HasPrefix(have, []byte(magic)):
		return "its header is not that of any object", ErrDamaged
	}
	return "", ErrPlaintext
}

func (d *decrypter) Read(p []byte) (int, error) {
	if d.err != nil {
		return 0, d.err
	}
	n, err := d.plain.Read(p)
	d.read += int64(n)
	if err != nil {
		d.err = d.explain(err)
	}
	return n, d.err
}

// explain tells what the end of the content means.
func (d *decrypter) explain(err error) error {
	number, from := block(d.read)
	switch {
	case d.middle.err != nil:
		return fmt.Errorf("read %s from %s: %w", d.name, d.where, d.middle.err)
	case err == io.EOF && d.middle.whole():
		return io.EOF
	case err == io.EOF:
		return &Error{d.name, d.where, ErrDamaged, "in its trailer"}
	case d.middle.ended && !d.middle.whole():
		return &Error{d.name, d.where, ErrTruncated, fmt.Sprintf("it ends in block %d", number)}
	}
	return &Error{d.name, d.where, ErrDamaged, fmt.Sprintf("in its block %d of 1 MiB, which has its content from byte %d on", number, from)}
}

func (d *decrypter) Close() error { return d.body.Close() }

// middle is a reader of all but the trailer.
type middle struct {
	r     *bufio.Reader
	bytes int64  // read so far
	rest  []byte // the trailer, once ended
	ended bool
	err   error // of r, other than its end
}

func (m *middle) Read(p []byte) (int, error) {
	if m.ended {
		return 0, io.EOF
	}
	if m.r.Buffered() <= trailerBytes {
		b, err := m.r.Peek(trailerBytes + 1)
		if err == io.EOF {
			m.rest, m.ended = bytes.Clone(b), true
			return 0, io.EOF
		}
		if err != nil {
			m.err = err
			return 0, err
		}
	}
	n, err := m.r.Read(p[:min(len(p), m.r.Buffered()-trailerBytes)])
	m.bytes += int64(n)
	return n, err
}

// whole tells whether the trailer is what it must be.
func (m *middle) whole() bool {
	return m.ended && len(m.rest) == trailerBytes && crc32.Checksum(m.rest[:8], castagnoli) == binary.BigEndian.Uint32(m.rest[8:]) &&
		binary.BigEndian.Uint64(m.rest) == uint64(m.bytes)
}
