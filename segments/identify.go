package segments

import (
	"fmt"
	"io"
)

// Identify reads from the beginning of a segment what it says that it is: the name that its file must have, and its length. It
// is for segments that lie elsewhere than in a directory. The reason of an error is one of the package's.
func Identify(r io.Reader) (name string, bytes int64, err error) {
	b := make([]byte, headerBytes)
	if n, err := io.ReadFull(r, b); err != nil {
		if n < headerBytes && (err == io.EOF || err == io.ErrUnexpectedEOF) {
			return "", 0, fmt.Errorf("%w: %d bytes are not even a header", ErrLength, n)
		}
		return "", 0, err
	}
	h, err := decodeHeader(b)
	if err != nil {
		return "", 0, err
	}
	return segmentName(h.Incarnation, h.first, h.last), h.fileBytes, nil
}
