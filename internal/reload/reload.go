package reload

import (
	"crypto/tls"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
)

// Files are files that are read together.
type Files[T any] struct {
	names []string
	load  func() (T, error)

	mu      sync.Mutex
	changed []time.Time // when they were, of those that were read
	loaded  T
}

// New reads files for the first time. load makes a T of them.
func New[T any](load func() (T, error), names ...string) (*Files[T], error) {
	f := &Files[T]{names: names, load: load}
	_, err := f.Current()
	return f, err
}

// Current gives what the files say now. With an error it is what they said before.
func (f *Files[T]) Current() (T, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	changed := make([]time.Time, len(f.names))
	for i, name := range f.names {
		info, err := os.Stat(name)
		if err != nil {
			return f.loaded, err
		}
		changed[i] = info.ModTime()
	}
	if slices.Equal(changed, f.changed) {
		return f.loaded, nil
	}
	fresh, err := f.load()
	if err != nil {
		return f.loaded, err
	}
	f.loaded, f.changed = fresh, changed
	return fresh, nil
}

// Certificate reads a certificate and its key, PEM.
func Certificate(certFile, keyFile string) (*Files[tls.Certificate], error) {
	return New(func() (tls.Certificate, error) {
		c, err := tls.LoadX509KeyPair(certFile, keyFile)
		if err != nil {
			err = fmt.Errorf("%s and %s: %w", certFile, keyFile, err)
		}
		return c, err
	}, certFile, keyFile)
}
