package frames

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// ErrDamaged is returned by Inspect for a file with bytes that belong to no whole frame.
var ErrDamaged = errors.New("the file is damaged")

// Inspect prints what is in a file: each moment with its body, which show prints. It never writes, reads past damage, and returns
// ErrDamaged if there is some.
func (k *Kind) Inspect(path string, w io.Writer, show func(micros int64, body []byte) error) error {
	f := &file{}
	damaged, err := f.scan(k, path)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read %s: %w", k.What, err)
	}
	fmt.Fprintf(w, "%s: %d bytes, %d moments\n", filepath.Base(path), f.bytes, len(f.frames))
	for _, x := range f.frames {
		micros, body, _, err := k.At(b[x.at:])
		if err != nil {
			return fmt.Errorf("offset %d: %w", x.at, err)
		}
		fmt.Fprintf(w, "offset %d: %s, %d bytes\n", x.at, time.UnixMicro(micros).UTC().Format(time.RFC3339Nano), x.bytes)
		if err := show(micros, body); err != nil {
			return fmt.Errorf("offset %d: %w", x.at, err)
		}
	}
	if damaged > 0 {
		return fmt.Errorf("%w: %d bytes of %s are in no whole frame", ErrDamaged, damaged, path)
	}
	return nil
}
