package segments

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// blockWriter compresses blocks and writes them, in their order, in a goroutine of its
// own: compression takes as long as all that is done to records before.
type blockWriter struct {
	file    vfs.File
	name    string
	salt    uint32
	encoder *compressor

	jobs   chan blockJob
	free   chan []byte // buffers of blocks that are compressed
	ended  chan struct{}
	closed bool
	failed chan error // has the first error

	// Of the goroutine, and after close of whoever called it.
	out    []byte // not yet written, from offset on
	offset int64  // of out[0]
	stored []byte // scratch
	blocks []block
	err    error
}

// blockJob is a block with its records.
type blockJob struct {
	block block
	raw   []byte
}

func newBlockWriter(file vfs.File, name string, salt uint32, encoder *compressor) *blockWriter {
	w := &blockWriter{
		file: file, name: name, salt: salt, encoder: encoder, offset: headerBytes,
		jobs: make(chan blockJob), free: make(chan []byte, 2), ended: make(chan struct{}), failed: make(chan error, 1),
	}
	w.free <- nil
	go w.run()
	return w
}

func (w *blockWriter) run() {
	defer close(w.ended)
	for job := range w.jobs {
		if w.err == nil {
			if w.err = w.write(job); w.err != nil {
				w.failed <- w.err
			}
		}
		w.free <- job.raw[:0]
	}
}

// add takes a block over, and gives a buffer for the next one.
func (w *blockWriter) add(b block, raw []byte) ([]byte, error) {
	select {
	case err := <-w.failed:
		return raw[:0], err
	default:
	}
	w.jobs <- blockJob{b, raw}
	return <-w.free, nil
}

// write compresses a block, and writes it if enough has come together.
func (w *blockWriter) write(job blockJob) error {
	b, raw := job.block, job.raw
	h := blockHeader{rawBytes: uint32(len(raw)), count: uint32(b.count), first: b.first, coding: w.encoder.coding}
	w.stored = append(w.stored[:0], make([]byte, blockHeaderBytes)...)
	w.stored = w.encoder.append(w.stored, raw)
	if len(w.stored)-blockHeaderBytes >= len(raw) {
		h.coding = codingPlain
		w.stored = append(w.stored[:blockHeaderBytes], raw...)
	}
	h.storedBytes = uint32(len(w.stored) - blockHeaderBytes)
	b.offset, b.bytes, b.rawBytes = w.end(), int64(len(w.stored)), int64(len(raw))
	h.seal(w.stored, w.salt, b.offset)
	w.blocks = append(w.blocks, b)
	w.out = append(w.out, w.stored...)
	if len(w.out) >= writeBytes {
		return w.flush(nil)
	}
	return nil
}

// end is where what comes next will be.
func (w *blockWriter) end() int64 { return w.offset + int64(len(w.out)) }

// flush writes what has come together, and more behind it.
func (w *blockWriter) flush(more []byte) error {
	w.out = append(w.out, more...)
	if _, err := w.file.WriteAt(w.out, w.offset); err != nil {
		return fmt.Errorf("write %s at %d: %w", w.name, w.offset, err)
	}
	w.offset += int64(len(w.out))
	w.out = w.out[:0]
	return nil
}

// close waits until all blocks are compressed, and gives the first error. It may be called more than once.
func (w *blockWriter) close() error {
	if w.closed {
		return w.err
	}
	w.closed = true
	close(w.jobs)
	<-w.ended
	if err := w.encoder.close(); w.err == nil {
		w.err = err
	}
	return w.err
}
