package node

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/knadh/koanf/parsers/toml/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"

	"redoubt/segments"
)

const defaultNodeID = "n1"

// Config is what a node is told.
type Config struct {
	Data   string // data directory
	MySQL  string // HOST:PORT for clients
	HTTP   string // HOST:PORT for health and figures
	Raft   string // HOST:PORT for other nodes
	NodeID string // empty: what the directory says, or n1 for a new one

	RootPasswordFile string
	TLSCert, TLSKey  string
	RequireTLS       bool
	MaxConnections   int
	MaxPacketBytes   int64
	LoginTimeout     time.Duration
	TransactionBytes int64
	StatementBytes   int64
	StatisticsEvery  time.Duration
	partBytes        int // engine.Options.PartBytes; only tests set it

	CacheBytes      int64
	MemtableBytes   int64
	GCPercent       int
	MemoryBytes     int64
	LogFileBytes    int64
	LogSpareFiles   int
	CheckpointBytes int64
	SegmentBytes    int64
	SegmentAge      time.Duration
	SegmentPacking  segments.Compression
	LogLevel        string

	sources map[string]string // setting -> where its value comes from
}

// Setting is one thing that can be configured.
type Setting struct {
	Name    string // of the flag and of the key in the file
	Value   string // as it is in force
	Default string
	Unit    string
	Source  string // default, file or flag
	Help    string
}

// setting ties a Setting to its place in Config.
type setting struct {
	name, initial, unit, help string
	set                       func(c *Config, text string) error
	get                       func(c *Config) string
}

var settings = []setting{
	text("data", "./redoubt-data", "", "data directory", func(c *Config) *string { return &c.Data }),
	address("mysql", "127.0.0.1:3307", "address for MySQL clients, HOST:PORT", func(c *Config) *string { return &c.MySQL }),
	address("http", "127.0.0.1:8307", "address for health checks and metrics, HOST:PORT", func(c *Config) *string { return &c.HTTP }),
	address("raft", "127.0.0.1:7307", "address for other nodes, HOST:PORT", func(c *Config) *string { return &c.Raft }),
	text("node-id", "", "", "name of this node; n1 for a new data directory, else what the directory says", func(c *Config) *string { return &c.NodeID }),
	text("root-password-file", "", "", "file with the password that root gets if it has none; needed on addresses other than loopback", func(c *Config) *string { return &c.RootPasswordFile }),
	text("tls-cert", "", "", "certificate for clients, PEM; without it one is made and signed by itself", func(c *Config) *string { return &c.TLSCert }),
	text("tls-key", "", "", "key of the certificate, PEM", func(c *Config) *string { return &c.TLSKey }),
	boolean("require-tls", "false", "refuse clients without TLS", func(c *Config) *bool { return &c.RequireTLS }),
	number("max-connections", "1024", "clients at once; more get error 1040", func(c *Config) *int { return &c.MaxConnections }),
	size("max-allowed-packet", "64MiB", "largest packet a client may send", func(c *Config) *int64 { return &c.MaxPacketBytes }),
	span("login-timeout", "10s", "time a client has to log in", func(c *Config) *time.Duration { return &c.LoginTimeout }),
	size("statement-size", "256MiB", "what one statement may hold of its rows in memory, to sort, to group or to join", func(c *Config) *int64 { return &c.StatementBytes }),
	size("transaction-size", "1GiB", "memory that the changes of one transaction may take; a million rows of 200 bytes with an index take 1 GiB", func(c *Config) *int64 { return &c.TransactionBytes }),
	span("statistics-time", "1m", "time between two looks for tables whose statistics are out of date", func(c *Config) *time.Duration { return &c.StatisticsEvery }),
	size("cache-size", "256MiB", "cache of the state store", func(c *Config) *int64 { return &c.CacheBytes }),
	size("memtable-size", "64MiB", "recent changes held in memory before they are flushed", func(c *Config) *int64 { return &c.MemtableBytes }),
	number("gc-percent", "400", "garbage before it is collected, in percent of the memory in use beside cache and memtables; less saves memory and costs processor time", func(c *Config) *int { return &c.GCPercent }),
	memoryLimit(),
	size("log-file-size", "64MiB", "size of a file of the redo log", func(c *Config) *int64 { return &c.LogFileBytes }),
	number("log-spare-files", "2", "files of the redo log that are written in advance", func(c *Config) *int { return &c.LogSpareFiles }),
	size("checkpoint-size", "256MiB", "redo after which the state is flushed; bounds the replay after a crash", func(c *Config) *int64 { return &c.CheckpointBytes }),
	size("segment-size", "64MiB", "redo in one sealed segment, before compression", func(c *Config) *int64 { return &c.SegmentBytes }),
	span("segment-time", "5m", "time after which a segment is sealed though it is not full", func(c *Config) *time.Duration { return &c.SegmentAge }),
	choice("segment-compression", "s2", "compression of sealed segments: s2, or zstd for files a quarter smaller that cost four times the processor time", segments.ParseCompression, func(c *Config) *segments.Compression { return &c.SegmentPacking }),
	text("log-level", "info", "", "least severe messages to write: debug, info, warn or error", func(c *Config) *string { return &c.LogLevel }),
}

func text(name, initial, unit, help string, at func(*Config) *string) setting {
	return setting{
		name, initial, unit, help,
		func(c *Config, s string) error { *at(c) = s; return nil },
		func(c *Config) string { return *at(c) },
	}
}

func address(name, initial, help string, at func(*Config) *string) setting {
	s := text(name, initial, "", help, at)
	s.set = func(c *Config, v string) error {
		if _, _, err := net.SplitHostPort(v); err != nil {
			return errors.New("want HOST:PORT, as in 127.0.0.1:3307")
		}
		*at(c) = v
		return nil
	}
	return s
}

func boolean(name, initial, help string, at func(*Config) *bool) setting {
	return setting{
		name, initial, "", help,
		func(c *Config, s string) (err error) {
			if *at(c), err = strconv.ParseBool(s); err != nil {
				err = errors.New("want true or false")
			}
			return err
		},
		func(c *Config) string { return strconv.FormatBool(*at(c)) },
	}
}

func number(name, initial, help string, at func(*Config) *int) setting {
	return setting{
		name, initial, "", help,
		func(c *Config, s string) error {
			n, err := strconv.Atoi(s)
			if err != nil || n < 1 {
				return errors.New("want a whole number of 1 or more")
			}
			*at(c) = n
			return nil
		},
		func(c *Config) string { return strconv.Itoa(*at(c)) },
	}
}

func size(name, initial, help string, at func(*Config) *int64) setting {
	return setting{
		name, initial, "bytes", help,
		func(c *Config, s string) (err error) { *at(c), err = parseSize(s); return err },
		func(c *Config) string { return strconv.FormatInt(*at(c), 10) },
	}
}

// memoryLimit bounds what Go's collector lets the heap grow to. What is in use may be more: the limit is a soft one.
func memoryLimit() setting {
	s := size("memory-limit", "half", "memory, without cache and memtables, near which garbage is collected sooner; half: of what the machine has", func(c *Config) *int64 { return &c.MemoryBytes })
	bytes := s.set
	s.set = func(c *Config, text string) error {
		if text == "half" {
			c.MemoryBytes = halfMemory()
			return nil
		}
		return bytes(c, text)
	}
	return s
}

func span(name, initial, help string, at func(*Config) *time.Duration) setting {
	return setting{
		name, initial, "duration", help,
		func(c *Config, s string) error {
			d, err := time.ParseDuration(s)
			if err != nil || d <= 0 {
				return errors.New("want a duration, as in 10s or 5m")
			}
			*at(c) = d
			return nil
		},
		func(c *Config) string { return at(c).String() },
	}
}

// choice is one of some names, which parse knows.
func choice[T fmt.Stringer](name, initial, help string, parse func(string) (T, error), at func(*Config) *T) setting {
	return setting{
		name, initial, "", help,
		func(c *Config, s string) (err error) { *at(c), err = parse(s); return err },
		func(c *Config) string { return (*at(c)).String() },
	}
}

// parseSize reads bytes, with an optional unit of 1024: 4096, 64KiB, 64MiB, 2GiB.
func parseSize(s string) (int64, error) {
	digits, shift := s, 0
	for i, unit := range []string{"KiB", "MiB", "GiB"} {
		if before, ok := strings.CutSuffix(s, unit); ok {
			digits, shift = strings.TrimSpace(before), 10*(i+1)
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n <= 0 || n > 1<<62>>shift {
		return 0, errors.New("want a size, as in 4096, 64KiB, 64MiB or 2GiB")
	}
	return n << shift, nil
}

// Settings lists everything that can be configured, with its defaults.
func Settings() []Setting { return (&Config{}).list() }

// Settings lists everything that can be configured, as it is in force.
func (c *Config) Settings() []Setting { return c.list() }

func (c *Config) list() []Setting {
	out := make([]Setting, len(settings))
	for i, s := range settings {
		out[i] = Setting{Name: s.name, Default: s.initial, Unit: s.unit, Help: s.help, Value: s.get(c), Source: c.sources[s.name]}
	}
	return out
}

// Load puts together a configuration: defaults, then the file if one is named, then flags, which win.
func Load(path string, flags map[string]string) (*Config, error) {
	c := &Config{sources: map[string]string{}}
	for _, s := range settings {
		if err := c.set(s, s.initial, "default"); err != nil {
			return nil, err
		}
	}
	if path != "" {
		if err := c.loadFile(path); err != nil {
			return nil, err
		}
	}
	for _, s := range settings {
		if v, ok := flags[s.name]; ok {
			if err := c.set(s, v, "flag"); err != nil {
				return nil, err
			}
		}
	}
	return c, c.validate()
}

func (c *Config) set(s setting, value, source string) error {
	if err := s.set(c, value); err != nil {
		return fmt.Errorf("setting %s (from %s): %q: %w", s.name, source, value, err)
	}
	c.sources[s.name] = source
	return nil
}

func (c *Config) loadFile(path string) error {
	k := koanf.New(".")
	if err := k.Load(file.Provider(path), toml.Parser()); err != nil {
		return fmt.Errorf("read configuration %s: %w", path, err)
	}
	values := k.All()
	for _, s := range settings {
		if v, ok := values[s.name]; ok {
			if err := c.set(s, fmt.Sprint(v), path); err != nil {
				return err
			}
			delete(values, s.name)
		}
	}
	if len(values) > 0 {
		unknown := slices.Sorted(maps.Keys(values))
		return fmt.Errorf("configuration %s: there is no setting %s; redoubt serve --help lists them", path, strings.Join(unknown, ", "))
	}
	return nil
}

func (c *Config) validate() error {
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("settings tls-cert and tls-key go together: give both or neither")
	}
	switch c.LogLevel {
	case "debug", "info", "warn", "error":
	default:
		return fmt.Errorf("setting log-level: %q is not debug, info, warn or error", c.LogLevel)
	}
	return nil
}

// rootPassword reads the password file, empty if there is none.
func (c *Config) rootPassword() (string, error) {
	if c.RootPasswordFile == "" {
		return "", nil
	}
	b, err := os.ReadFile(c.RootPasswordFile)
	if err != nil {
		return "", fmt.Errorf("setting root-password-file: %w", err)
	}
	password := strings.TrimRight(string(b), "\r\n")
	if password == "" {
		return "", fmt.Errorf("setting root-password-file: %s is empty", c.RootPasswordFile)
	}
	return password, nil
}
