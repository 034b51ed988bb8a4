package wal

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// FuzzFile gives arbitrary bytes to everything that decodes a file: nothing panics,
// nothing is read out of bounds, and no entry comes out that was not framed.
func FuzzFile(f *testing.F) {
	fs := vfs.NewMem()
	t := &testing.T{}
	goldenLog(t, fs, "wal")
	for _, name := range []string{controlName, logName(1), logName(2)} {
		f.Add(readFile(t, fs, "wal/"+name), uint16(0), byte(0))
	}
	f.Fuzz(func(t *testing.T, data []byte, at uint16, value byte) {
		if len(data) > 1<<20 {
			return
		}
		if len(data) > 0 {
			data = bytes.Clone(data)
			data[int(at)%len(data)] ^= value
		}
		fs := vfs.NewMem()
		writeFile(t, fs, "f", data)
		inspectArbitrary(t, fs)

		// The same with a header that is right, so that the frames are reached.
		if len(data) >= headerBytes {
			putChecksum(data[:headerBytes])
			copy(data, fileMagic)
			data[8], data[9], data[10], data[11] = formatVersion, 0, 0, 0
			putChecksum(data[:headerBytes])
		}
		if h, err := decodeFileHeader(data); err == nil {
			scanArbitrary(t, data, &h)
		}
		if c, err := decodeControl(data); err == nil && c.firstSeq == 0 {
			t.Error("a control file without a beginning was taken")
		}
	})
}

func scanArbitrary(t *testing.T, data []byte, h *fileHeader) {
	limit := min(int64(len(data)), h.fileBytes)
	s, err := scanFrames(bytes.NewReader(data), h, limit)
	must(t, err)
	if s.end < headerBytes || s.end > limit || len(s.offsets) > len(data)/frameBytes {
		t.Errorf("scan: end %d, %d offsets in %d bytes", s.end, len(s.offsets), len(data))
	}
	for _, offset := range s.offsets {
		if int64(offset) >= s.end {
			t.Errorf("offset %d after the end %d", offset, s.end)
		}
	}
	if h.fileBytes == int64(len(data)) {
		if tr, err := decodeTrailer(data[len(data)-trailerBytes:], h); err == nil {
			_, _ = decodeOffsets(data[h.fileBytes-footerBytes(tr.count):len(data)-trailerBytes], &tr, h.salt())
		}
	}
	inspectArbitrary(t, memFile(t, data))
}

// inspectArbitrary: whatever the bytes are, Inspect returns, with nothing but a
// CorruptionError or another version.
func inspectArbitrary(t *testing.T, fs vfs.FS) {
	var corruption *CorruptionError
	err := Inspect(fs, "f", io.Discard, func(uint64, []byte) string { return "" })
	if err != nil && !errors.As(err, &corruption) {
		t.Error(err)
	}
}

func memFile(t *testing.T, data []byte) vfs.FS {
	fs := vfs.NewMem()
	writeFile(t, fs, "f", data)
	return fs
}

// FuzzFrame: what putFrame writes, decodeFrame reads; and any other byte makes the
// frame fail.
func FuzzFrame(f *testing.F) {
	f.Add([]byte("payload"), uint64(7), uint64(1), uint32(3), uint16(9), byte(1))
	f.Fuzz(func(t *testing.T, payload []byte, index, batch uint64, salt uint32, at uint16, flip byte) {
		if index == 0 || len(payload) > 1<<20 {
			return
		}
		const offset = headerBytes + 4096
		size := framedBytes(len(payload))
		file := make([]byte, offset+size)
		want := frame{previous: salt, length: uint32(len(payload)), batchOffset: headerBytes, kind: kindEntry, batch: batch&batchMax | 1, index: index}
		h := fileHeader{fileBytes: int64(len(file)), fileID: uint64(salt)}
		want.checksum = putFrame(file[offset:], want, payload, h.salt(), offset)
		r := newFrameReader(bytes.NewReader(file), &h, int64(len(file)))
		if got, ok, err := r.intact(offset); err != nil || !ok || got != want {
			t.Fatalf("%+v %v %v, want %+v", got, ok, err, want)
		}
		i := int(at) % (frameBytes + len(payload))
		if flip == 0 {
			return
		}
		file[offset+i] ^= flip
		r = newFrameReader(bytes.NewReader(file), &h, int64(len(file)))
		if _, ok, err := r.intact(offset); err != nil || ok {
			t.Fatalf("byte %d was changed and the frame is intact", i)
		}
	})
}
