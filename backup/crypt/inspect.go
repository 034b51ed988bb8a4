package crypt

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
)

// IsObjectFile tells whether a file is called as an encrypted object is in a directory.
func IsObjectFile(name string) bool {
	_, _, ok := unseal(name)
	return ok
}

// Inspect prints what can be told of an encrypted object in a file without its key, and says what is wrong with it.
func Inspect(file string, w io.Writer) error {
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("inspect: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("inspect: %w", err)
	}
	head := make([]byte, headerFixed+nameBytesMax)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("inspect %s: %w", file, err)
	}
	version, key, name, ok := parseHeader(head[:n])
	if !ok {
		return fmt.Errorf("inspect %s: DAMAGED: it does not begin with the header of an encrypted object", file)
	}
	ciphertext := info.Size() - int64(headerFixed+len(name)+trailerBytes)
	fmt.Fprintf(w, "encrypted object %s, format %d, key %s, %d bytes, which hold %d in %d blocks\n", name, version, KeyName(key), info.Size(),
		plainBytes(info.Size(), name), (ciphertext+blockBytes-1)/blockBytes)
	if called := filepath.Base(file); called != path.Base(seal(name, key)) {
		return fmt.Errorf("inspect %s: DAMAGED: it is another object, put in the place of this one", file)
	}
	end := make([]byte, trailerBytes)
	if _, err := f.ReadAt(end, max(0, info.Size()-trailerBytes)); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("inspect %s: %w", file, err)
	}
	if !bytes.Equal(end, trailer(ciphertext)) {
		return fmt.Errorf("inspect %s: DAMAGED: %w", file, ErrTruncated)
	}
	fmt.Fprintln(w, "its content cannot be seen here: redoubt backup verify reads it with the key")
	return nil
}
