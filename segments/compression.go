package segments

import (
	"fmt"
	"slices"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// Compression is how a Writer makes blocks smaller. A Reader tells by each block how it was done.
type Compression uint8

const (
	// S2 is for segments that are sealed beside commits: a quarter of the processor time of Zstd, for files that
	// are about a quarter larger.
	S2 Compression = iota
	// Zstd is for segments that travel, or are kept for long.
	Zstd
)

// ParseCompression knows the names that String gives.
func ParseCompression(name string) (Compression, error) {
	for _, c := range []Compression{S2, Zstd} {
		if name == c.String() {
			return c, nil
		}
	}
	return 0, fmt.Errorf("compression %q is neither s2 nor zstd", name)
}

// String is the name.
func (c Compression) String() string {
	if c == Zstd {
		return "zstd"
	}
	return "s2"
}

// compressor appends the compressed form of src to dst; close lets go of what it holds.
type compressor struct {
	coding uint8
	append func(dst, src []byte) []byte
	close  func() error
}

func newCompressor(c Compression) (*compressor, error) {
	if c == S2 {
		return &compressor{coding: codingS2, append: appendS2, close: func() error { return nil }}, nil
	}
	// The fastest level, since compression is the slowest stage of a backup, and no checksum, since blocks have
	// their own.
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false),
		zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(128<<10))
	if err != nil {
		return nil, err
	}
	return &compressor{coding: codingZstd, append: func(dst, src []byte) []byte { return e.EncodeAll(src, dst) }, close: e.Close}, nil
}

// appendS2: the library encodes into the room that a slice has left, if that is enough for the worst case.
func appendS2(dst, src []byte) []byte {
	if worst := s2.MaxEncodedLen(len(src)); cap(dst)-len(dst) < worst {
		dst = append(make([]byte, 0, len(dst)+worst), dst...)
	}
	return dst[:len(dst)+len(s2.Encode(dst[len(dst):cap(dst)], src))]
}

func newZstdDecoder() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(rawBytesMax))
}

// decompressS2 decodes into buf, which is empty. What it decodes to must be n bytes long.
func decompressS2(buf, stored []byte, n int) ([]byte, error) {
	has, err := s2.DecodedLen(stored)
	if err != nil {
		return nil, err
	}
	if has != n {
		return nil, fmt.Errorf("%d bytes of S2 say that they decompress to %d, not %d", len(stored), has, n)
	}
	return s2.Decode(slices.Grow(buf, n)[:n], stored)
}
