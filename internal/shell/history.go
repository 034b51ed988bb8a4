package shell

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// historyMax is how many entries of a history are offered; the file is cut to that when it is opened.
const historyMax = 5000

// history keeps what was typed in a file that its owner alone can read, an entry in a line, as a JSON string.
type history struct {
	path    string
	entries []string
}

func openHistory(path string) (*history, error) {
	h := &history{path: path}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return h, nil
	}
	if err != nil {
		return nil, fmt.Errorf("opening the history: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var entry string
		if json.Unmarshal(lines.Bytes(), &entry) == nil && entry != "" {
			h.entries = append(h.entries, entry)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading the history: %w", err)
	}
	if len(h.entries) > historyMax {
		h.entries = h.entries[len(h.entries)-historyMax:]
		return h, h.rewrite()
	}
	return h, nil
}

// rewrite replaces the file by what is kept.
func (h *history) rewrite() error {
	var b strings.Builder
	for _, e := range h.entries {
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		b.Write(append(line, '\n'))
	}
	if err := os.WriteFile(h.path+".new", []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("cutting the history: %w", err)
	}
	return os.Rename(h.path+".new", h.path)
}

// secret reports whether an entry may hold a password.
func secret(entry string) bool {
	upper := strings.ToUpper(entry)
	return strings.Contains(upper, "IDENTIFIED") || strings.Contains(upper, "PASSWORD")
}

// Write implements the line editor's history source: it adds an entry.
func (h *history) Write(entry string) (int, error) {
	entry = strings.TrimSpace(entry)
	if entry == "" || secret(entry) || len(h.entries) > 0 && h.entries[len(h.entries)-1] == entry {
		return len(h.entries), nil
	}
	h.entries = append(h.entries, entry)
	line, err := json.Marshal(entry)
	if err != nil {
		return len(h.entries), err
	}
	f, err := os.OpenFile(h.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return len(h.entries), fmt.Errorf("writing the history: %w", err)
	}
	_, err = f.Write(append(line, '\n'))
	return len(h.entries), errors.Join(err, f.Close())
}

// GetLine implements the line editor's history source.
func (h *history) GetLine(i int) (string, error) {
	if i < 0 || i >= len(h.entries) {
		return "", fmt.Errorf("the history has no entry %d", i)
	}
	return h.entries[i], nil
}

// Len implements the line editor's history source.
func (h *history) Len() int { return len(h.entries) }

// Dump implements the line editor's history source.
func (h *history) Dump() any { return h.entries }
