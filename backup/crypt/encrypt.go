package crypt

import (
	"bytes"
	"io"
)

// chunkBytes are read from the source at once.
const chunkBytes = 64 << 10

// encrypter reads a plaintext and is the reader of the object.
type encrypter struct {
	source io.Reader
	chunk  []byte
	out    bytes.Buffer   // of the object, not read yet
	stream io.WriteCloser // encrypts into the encrypter itself
	sealed int64          // bytes of ciphertext
	err    error          // of the source, or io.EOF, once out is empty
}

func newEncrypter(k Key, name string, source io.Reader) (*encrypter, error) {
	e := &encrypter{source: source, chunk: make([]byte, chunkBytes)}
	h := header(k.ID, name)
	e.out.Write(h)
	var err error
	e.stream, err = k.Stream.NewEncryptingWriter(sink{e}, h)
	return e, err
}

// sink takes the ciphertext.
type sink struct{ e *encrypter }

func (s sink) Write(b []byte) (int, error) {
	s.e.sealed += int64(len(b))
	return s.e.out.Write(b)
}

func (e *encrypter) Read(p []byte) (int, error) {
	for e.out.Len() == 0 {
		if e.err != nil {
			return 0, e.err
		}
		e.err = e.step()
	}
	return e.out.Read(p)
}

// step encrypts what the source gives next.
func (e *encrypter) step() error {
	n, readErr := e.source.Read(e.chunk)
	if _, err := e.stream.Write(e.chunk[:n]); err != nil {
		return err
	}
	if readErr != io.EOF {
		return readErr
	}
	if err := e.stream.Close(); err != nil {
		return err
	}
	e.out.Write(trailer(e.sealed))
	return io.EOF
}
