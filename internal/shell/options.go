package shell

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// Format says how rows are shown.
type Format string

// Formats.
const (
	Table Format = "table" // framed columns; NULL is <null>
	JSON  Format = "json"  // an array of objects; NULL is null, bytes that are no text are 0x…
	CSV   Format = "csv"   // RFC 4180 with a header; NULL is empty, an empty string is ""
	TSV   Format = "tsv"   // tabs with a header, \t \n \\ escaped; NULL is \N
)

// ParseFormat returns the Format of that name.
func ParseFormat(name string) (Format, error) {
	f := Format(strings.ToLower(name))
	switch f {
	case Table, JSON, CSV, TSV:
		return f, nil
	}
	return "", fmt.Errorf("unknown format %q: table, json, csv and tsv are known", name)
}

// Options of a shell.
type Options struct {
	// Addr is the server's HOST:PORT. Empty means 127.0.0.1:3307.
	Addr string
	// User and Password log in. An empty User means root.
	User, Password string
	// AskPassword is called if the server refuses the login and Password is empty. Nil asks nobody.
	AskPassword func() (string, error)
	// Database is selected after the login, if not empty.
	Database string
	// Execute are statements to run instead of reading In.
	Execute string
	// Format of results. Empty means Table.
	Format Format
	// In is the script; with Interactive it is not read.
	In io.Reader
	// Out gets results, Err what is said about them.
	Out, Err io.Writer
	// Interactive reads from the terminal with a line editor.
	Interactive bool
	// Color paints NULLs, errors and what is typed.
	Color bool
	// HistoryFile keeps what was typed. Empty keeps nothing.
	HistoryFile string
	// Interrupts delivers Ctrl-C. Nil means that of the process.
	Interrupts <-chan os.Signal

	lines lineReader // instead of the terminal, for tests
}

func (o Options) withDefaults() Options {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:3307"
	}
	if o.User == "" {
		o.User = "root"
	}
	if o.Format == "" {
		o.Format = Table
	}
	if o.In == nil {
		o.In = strings.NewReader("")
	}
	if o.Out == nil {
		o.Out = io.Discard
	}
	if o.Err == nil {
		o.Err = io.Discard
	}
	return o
}
