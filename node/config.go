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

	"redoubt/backup"
	"redoubt/backup/keyring"
	"redoubt/backup/repository"
	"redoubt/backup/store"
	"redoubt/replication/cluster"
	"redoubt/replication/peer"
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

	Join string // address of a node of the cluster that a new directory joins; empty: it begins a database of its own
	// Reinstate lets a directory join, too, that a failover gave up.
	Reinstate bool
	Standby   bool // a node that joins only follows

	ApplyDelay time.Duration // of a standby; 0: none

	Protection        cluster.Mode
	ProtectionAcks    int
	ProtectionTimeout time.Duration

	Failover cluster.Failover

	RTOTarget, RPOTarget time.Duration // what V$RECOVERY_OBJECTIVE compares with

	HTTPCert, HTTPKey                  string // files for HTTPS
	ClusterCert, ClusterKey, ClusterCA string // files for TLS between nodes

	RootPasswordFile string
	TLSCert, TLSKey  string
	RequireTLS       bool
	MaxConnections   int
	MaxPacketBytes   int64
	LoginTimeout     time.Duration
	TransactionBytes int64
	StatementBytes   int64
	StatisticsEvery  time.Duration
	partBytes        int           // engine.Options.PartBytes; only tests set it
	appendGate       func()        // passed before each write to the log; only tests set it
	applyGate        func() bool   // asked before what is committed goes into the state: false leaves it out; only tests set it
	lagFarOff        time.Duration // cluster.Options.LagFarOff; only tests set it
	network          peer.Network  // between nodes, nil: TCP; only tests set it

	CacheBytes      int64
	RowCacheBytes   int64
	MemtableBytes   int64
	GCPercent       int
	MemoryBytes     int64
	LogFileBytes    int64
	LogSpareFiles   int
	LogKeepBytes    int64
	DiskReserve     int // percent
	CheckpointBytes int64
	SegmentBytes    int64
	SegmentAge      time.Duration
	SegmentPacking  segments.Compression
	Retention       time.Duration
	UpkeepEvery     time.Duration
	BinAge          time.Duration
	BinObjects      int
	Archive         []string
	BackupParallel  int
	SnapshotEvery   time.Duration // 0: none by itself
	SnapshotKeep    int
	SnapshotFirst   bool // before FLASHBACK DATABASE
	ArchiveEvery    time.Duration
	ArchiveStop     time.Duration // what a stop waits for the last of it
	ArchiveRate     int64         // bytes in a second; 0 is no limit

	ArchiveKey            string // file with the key of encrypted repositories
	ArchivePassphraseFile string // the same, if it is a passphrase

	DrillEvery  time.Duration // between two drills; 0: none
	VerifyEvery time.Duration // between two scheduled verifications of the repository; 0: none
	VerifyLevel backup.Level
	VerifyOlder time.Duration // at level standard what was last read longer ago is read again

	WatchEvery  time.Duration // between two looks into the repository
	UpkeepRate  int64
	UpkeepShare int
	LogLevel    string

	Sampling         bool
	ASHMemory        int64 // bytes of samples in memory
	ASHDisk          int64 // bytes of samples on disk
	StatementDigests int
	AWREvery         time.Duration // 0: none by itself
	AWRDisk          int64
	AWRRetention     time.Duration
	AWRBaselineDisk  int64
	SlowStatement    time.Duration

	// S3 is what repositories in buckets are opened with. No setting: who starts the node knows where it comes from.
	S3 store.Credentials
	// Passphrase is the key of encrypted repositories if no file has it, VaultToken what a key of Vault is asked for with. No settings either.
	Passphrase, VaultToken string
	// KMS is what keys of clouds are asked for with.
	KMS keyring.KMSCredentials

	sources map[string]string // setting -> where its value comes from
}

// listUnit is the Unit of settings that are several texts.
const listUnit = "list"

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

// defaultRaft is the address for other nodes.
const defaultRaft = "127.0.0.1:7307"

var settings = []setting{
	text("data", "./redoubt-data", "", "data directory", func(c *Config) *string { return &c.Data }),
	address("mysql", "127.0.0.1:3307", "address for MySQL clients, HOST:PORT", func(c *Config) *string { return &c.MySQL }),
	address("http", "127.0.0.1:8307", "address for health checks and metrics, HOST:PORT", func(c *Config) *string { return &c.HTTP }),
	address("raft", defaultRaft, "address for other nodes, HOST:PORT", func(c *Config) *string { return &c.Raft }),
	text("node-id", "", "", "name of this node; n1 for a new data directory, else what the directory says", func(c *Config) *string { return &c.NodeID }),
	text("join", "", "", "address (--raft) of any node of a cluster that a new data directory joins, HOST:PORT", func(c *Config) *string { return &c.Join }),
	boolean("reinstate", "false", "a data directory that a failover gave up comes back: what only it has is kept in a file, and it joins the cluster at --join anew", func(c *Config) *bool { return &c.Reinstate }),
	boolean("standby", "false", "a node that joins stays a standby: it follows and does not count for the quorum", func(c *Config) *bool { return &c.Standby }),
	spanOr("apply-delay", "none", "time after its commit at which a standby applies a transaction; none: at once", func(c *Config) *time.Duration { return &c.ApplyDelay }),
	choice("protection", "async", "what commits wait for beside the quorum: async: nothing; semi-sync: protection-acks standbys, or go on without them after protection-timeout; sync: every standby, or nothing is committed. The same on all nodes", cluster.ParseMode, func(c *Config) *cluster.Mode { return &c.Protection }),
	number("protection-acks", "1", "standbys that semi-sync waits for", func(c *Config) *int { return &c.ProtectionAcks }),
	span("protection-timeout", "10s", "how long a commit waits for a standby", func(c *Config) *time.Duration { return &c.ProtectionTimeout }),
	choice("failover", "automatic", "what a node does when the one that leads is lost or should not lead: automatic: another one leads; observe: it only says that another one would, in its log, the health check failover, V$FAILOVER_HISTORY and the metric redoubt_failover_observed, until SWITCHOVER TO a node orders it. The same on all nodes", cluster.ParseFailover, func(c *Config) *cluster.Failover { return &c.Failover }),
	span("rto-target", defaultRTO.String(), "how long nobody may take commits when the node that leads is lost; V$RECOVERY_OBJECTIVE compares", func(c *Config) *time.Duration { return &c.RTOTarget }),
	span("rpo-target", defaultRPO.String(), "how old what is lost with a node or a machine may be; V$RECOVERY_OBJECTIVE compares", func(c *Config) *time.Duration { return &c.RPOTarget }),
	text("cluster-cert", "", "", "certificate for TLS between nodes, PEM; its common name is the node's name. Needed if raft is no loopback address", func(c *Config) *string { return &c.ClusterCert }),
	text("cluster-key", "", "", "key of the certificate between nodes, PEM", func(c *Config) *string { return &c.ClusterKey }),
	text("cluster-ca", "", "", "certificate of the authority that signs those of all nodes, PEM", func(c *Config) *string { return &c.ClusterCA }),
	text("root-password-file", "", "", "file with the password that root gets if it has none; needed on addresses other than loopback", func(c *Config) *string { return &c.RootPasswordFile }),
	text("http-cert", "", "", "certificate for the http address, PEM: then it speaks HTTPS alone, and the page and the stream of the log are there on addresses other than loopback, too", func(c *Config) *string { return &c.HTTPCert }),
	text("http-key", "", "", "key of that certificate, PEM", func(c *Config) *string { return &c.HTTPKey }),
	text("tls-cert", "", "", "certificate for clients, PEM; without it one is made and signed by itself", func(c *Config) *string { return &c.TLSCert }),
	text("tls-key", "", "", "key of the certificate, PEM", func(c *Config) *string { return &c.TLSKey }),
	boolean("require-tls", "false", "refuse clients without TLS", func(c *Config) *bool { return &c.RequireTLS }),
	number("max-connections", "1024", "clients at once; more get error 1040", func(c *Config) *int { return &c.MaxConnections }),
	size("max-allowed-packet", "64MiB", "largest packet a client may send", func(c *Config) *int64 { return &c.MaxPacketBytes }),
	span("login-timeout", "10s", "time a client has to log in", func(c *Config) *time.Duration { return &c.LoginTimeout }),
	size("statement-size", "256MiB", "what one statement may hold of its rows in memory, to sort, to group, to join or for a cursor", func(c *Config) *int64 { return &c.StatementBytes }),
	size("transaction-size", "1GiB", "memory that the changes and locks of one transaction may take; a million rows of 200 bytes with an index take 1 GiB", func(c *Config) *int64 { return &c.TransactionBytes }),
	span("statistics-time", "1m", "time between two looks for tables whose statistics are out of date", func(c *Config) *time.Duration { return &c.StatisticsEvery }),
	sizeOr("cache-size", "quarter", quarterMemory, "cache of the state store; quarter: of what the machine has. It takes what it needs, up to that", func(c *Config) *int64 { return &c.CacheBytes }),
	size("row-cache-size", "64MiB", "rows as they are now, held in memory beside cache-size, where all versions are; 0: none", func(c *Config) *int64 { return &c.RowCacheBytes }),
	size("memtable-size", "32MiB", "recent changes held in memory before they are flushed", func(c *Config) *int64 { return &c.MemtableBytes }),
	number("gc-percent", "400", "garbage before it is collected, in percent of the memory in use beside cache and memtables; less saves memory and costs processor time", func(c *Config) *int { return &c.GCPercent }),
	sizeOr("memory-limit", "half", halfMemory, "memory, without cache and memtables, near which garbage is collected sooner; half: of what the machine has", func(c *Config) *int64 { return &c.MemoryBytes }),
	size("log-file-size", "64MiB", "size of a file of the redo log", func(c *Config) *int64 { return &c.LogFileBytes }),
	number("log-spare-files", "2", "files of the redo log that are written in advance", func(c *Config) *int { return &c.LogSpareFiles }),
	size("log-keep", "256MiB", "redo that a node of a cluster keeps for others that were away; one that was for longer takes a copy", func(c *Config) *int64 { return &c.LogKeepBytes }),
	number("disk-reserve", "5", "percent of the disk that should be free: with less the health check disk fails, and the node that leads lets another one lead that has more", func(c *Config) *int { return &c.DiskReserve }),
	size("checkpoint-size", "256MiB", "redo after which the state is flushed; bounds the replay after a crash", func(c *Config) *int64 { return &c.CheckpointBytes }),
	size("segment-size", "64MiB", "redo in one sealed segment, before compression", func(c *Config) *int64 { return &c.SegmentBytes }),
	span("segment-time", "5m", "time after which a segment is sealed though it is not full", func(c *Config) *time.Duration { return &c.SegmentAge }),
	choice("segment-compression", "s2", "compression of sealed segments: s2, or zstd for files a quarter smaller that cost four times the processor time", segments.ParseCompression, func(c *Config) *segments.Compression { return &c.SegmentPacking }),
	span("flashback-retention", "168h", "history that a new database keeps; SET FLASHBACK RETENTION says otherwise later", func(c *Config) *time.Duration { return &c.Retention }),
	span("recyclebin-age", "720h", "age at which what was dropped leaves the recycle bin", func(c *Config) *time.Duration { return &c.BinAge }),
	number("recyclebin-objects", "1000", "what the recycle bin has at most; the oldest leaves first", func(c *Config) *int { return &c.BinObjects }),
	span("upkeep-time", "1m", "time between two rounds that fold flashbacks and drop history that is no longer kept", func(c *Config) *time.Duration { return &c.UpkeepEvery }),
	size("upkeep-rate", "16MiB", "what these rounds write in a second at most", func(c *Config) *int64 { return &c.UpkeepRate }),
	number("upkeep-share", "25", "percent of the time, of one processor, in which these rounds work at most", func(c *Config) *int { return &c.UpkeepShare }),
	list("archive", "repositories that the log is archived to all the time: file:///DIRECTORY or s3://BUCKET/PREFIX?endpoint=URL&region=REGION, with commas between several", func(c *Config) *[]string { return &c.Archive }),
	spanOr("snapshot-every", "none", "time between two scheduled snapshots of the whole database; none: no snapshot is made by itself", func(c *Config) *time.Duration { return &c.SnapshotEvery }),
	number("snapshot-keep", "7", "scheduled snapshots that are kept; those with clones stay", func(c *Config) *int { return &c.SnapshotKeep }),
	boolean("snapshot-before-flashback", "false", "make a snapshot before FLASHBACK DATABASE, which counts as a scheduled one", func(c *Config) *bool { return &c.SnapshotFirst }),
	span("archive-every", "5s", "time between two rounds of archiving; what is lost with the machine is at most so old", func(c *Config) *time.Duration { return &c.ArchiveEvery }),
	span("archive-stop-timeout", "15s", "what a stop waits at most until the last of the log is archived; what is left follows after the next start", func(c *Config) *time.Duration { return &c.ArchiveStop }),
	sizeOr("archive-rate", "none", func() int64 { return 0 }, "what is sent to an s3 repository in a second at most, archived log and backups each; none: no limit", func(c *Config) *int64 { return &c.ArchiveRate }),
	text("archive-key", "", "", "key file (redoubt key create) or URL of a key (awskms:, gcpkms: or azurekv:) that encrypts the repository, and those of BACKUP DATABASE TO; without it and without a passphrase they are not encrypted", func(c *Config) *string { return &c.ArchiveKey }),
	text("archive-passphrase-file", "", "", "file with a passphrase, instead of archive-key; the environment's REDOUBT_PASSPHRASE is a third way", func(c *Config) *string { return &c.ArchivePassphraseFile }),
	number("backup-parallel", "4", "files that a backup reads or sends at once", func(c *Config) *int { return &c.BackupParallel }),
	span("recoverability-every", "1m", "time between two looks whether all that the repository's retention policy promises can be recovered", func(c *Config) *time.Duration { return &c.WatchEvery }),
	boolean("sampling", "true", "look at all sessions each 100 ms, for V$ACTIVE_SESSION_HISTORY", func(c *Config) *bool { return &c.Sampling }),
	size("ash-memory", "32MiB", "memory for samples of sessions; an hour of 40 active sessions on average fits", func(c *Config) *int64 { return &c.ASHMemory }),
	size("ash-disk", "64MiB", "disk for every tenth sample; the oldest go first", func(c *Config) *int64 { return &c.ASHDisk }),
	spanOrNone("awr-every", "10m", "time between two snapshots of what the node counts, for redoubt report awr; none: only those that are asked for, by CALL DBMS_WORKLOAD_REPOSITORY.CREATE_SNAPSHOT()", func(c *Config) *time.Duration { return &c.AWREvery }),
	size("awr-disk", "64MiB", "disk for these snapshots; the oldest go first", func(c *Config) *int64 { return &c.AWRDisk }),
	span("awr-retention", "192h", "time that they are kept", func(c *Config) *time.Duration { return &c.AWRRetention }),
	size("awr-baseline-disk", "64MiB", "disk for snapshots that are kept under a name, by redoubt report baseline create; one that does not fit is refused", func(c *Config) *int64 { return &c.AWRBaselineDisk }),
	number("statement-digests", "5000", "statements, by digest, of which V$SQL keeps statistics; about 2 KiB each", func(c *Config) *int { return &c.StatementDigests }),
	span("slow-statement-time", "1s", "a statement that takes as long is kept in V$SQL_SLOW with its plan", func(c *Config) *time.Duration { return &c.SlowStatement }),
	spanOr("verify-every", "none", "time between two verifications of the archive's repositories by the node that leads; none: none is made by itself", func(c *Config) *time.Duration { return &c.VerifyEvery }),
	choice("verify-level", string(backup.Standard), "what they read: quick, standard, full or restore, as redoubt backup verify has them", backup.ParseLevel, func(c *Config) *backup.Level { return &c.VerifyLevel }),
	span("verify-older-than", "168h", "at level standard: what was last read longer ago is read again", func(c *Config) *time.Duration { return &c.VerifyOlder }),
	spanOr("drill-every", "none", "time between two drills: the newest archived commit is recovered, in a directory of its own, and compared with the live database, by the node that leads and by standbys without a delay; none: no drill is made", func(c *Config) *time.Duration { return &c.DrillEvery }),
	text("log-level", "info", "", "least severe messages to write: debug, info, warn or error", func(c *Config) *string { return &c.LogLevel }),
}

func text(name, initial, unit, help string, at func(*Config) *string) setting {
	return setting{
		name, initial, unit, help,
		func(c *Config, s string) error { *at(c) = s; return nil },
		func(c *Config) string { return *at(c) },
	}
}

// IsSwitch tells whether it is on or off: as a flag it needs no value.
func (s *Setting) IsSwitch() bool { return s.Default == "true" || s.Default == "false" }

// IsList tells whether it may be given more than once.
func (s *Setting) IsList() bool { return s.Unit == listUnit }

// list is some texts with commas between.
func list(name, help string, at func(*Config) *[]string) setting {
	return setting{
		name, "", listUnit, help,
		func(c *Config, s string) error {
			*at(c) = strings.FieldsFunc(s, func(r rune) bool { return r == ',' })
			return nil
		},
		func(c *Config) string { return strings.Join(*at(c), ",") },
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

// sizeOr is a size that may be said by a word, which is also its default.
func sizeOr(name, word string, means func() int64, help string, at func(*Config) *int64) setting {
	s := size(name, word, help, at)
	bytes := s.set
	s.set = func(c *Config, text string) error {
		if text == word {
			*at(c) = means()
			return nil
		}
		return bytes(c, text)
	}
	return s
}

// spanOr is a duration that may be none, said by a word, which is also its default.
func spanOr(name, word, help string, at func(*Config) *time.Duration) setting {
	s := span(name, word, help, at)
	some := s.set
	s.set = func(c *Config, text string) error {
		if text == word || text == "0s" {
			*at(c) = 0
			return nil
		}
		return some(c, text)
	}
	return s
}

// spanOrNone is a duration with a default that may be none.
func spanOrNone(name, initial, help string, at func(*Config) *time.Duration) setting {
	s := spanOr(name, "none", help, at)
	s.initial = initial
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

// repository is what repositories are opened with. keyFile, if it is not empty, has the key instead of the settings.
func (c *Config) repository(keyFile string) (o repository.Options, err error) {
	o.Store = store.Options{S3: c.S3, PutRate: c.ArchiveRate}
	from := keyring.Source{KeyFile: c.ArchiveKey, PassphraseFile: c.ArchivePassphraseFile, Passphrase: c.Passphrase, VaultToken: c.VaultToken, KMS: c.KMS}
	if keyFile != "" {
		if keyring.NamesEndpoint(keyFile) {
			return o, errors.New("a statement cannot say where a key is asked for, as the node's credentials would go there: put the URL in a key file (redoubt key create --kms)")
		}
		from.KeyFile = keyFile
	}
	o.KEK, err = from.KEK()
	return o, err
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
			text := fmt.Sprint(v)
			if several, ok := v.([]any); ok {
				parts := make([]string, len(several))
				for i := range several {
					parts[i] = fmt.Sprint(several[i])
				}
				text = strings.Join(parts, ",")
			}
			if err := c.set(s, text, path); err != nil {
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
	if c.ArchiveKey != "" && c.ArchivePassphraseFile != "" {
		return errors.New("settings archive-key and archive-passphrase-file: give one of them")
	}
	if len(c.NodeID) > peer.NodeNameBytes {
		return fmt.Errorf("setting node-id: the name has %d bytes, at most %d go between nodes: choose a shorter one", len(c.NodeID), peer.NodeNameBytes)
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("settings tls-cert and tls-key go together: give both or neither")
	}
	if (c.HTTPCert == "") != (c.HTTPKey == "") {
		return errors.New("settings http-cert and http-key go together: give both or neither")
	}
	if c.Reinstate && c.Join == "" {
		return errors.New("setting reinstate: give join, too: the address of a node of the cluster that goes on")
	}
	if c.ApplyDelay > 0 && !c.Standby {
		return errors.New("setting apply-delay is for a standby: give standby, too")
	}
	if given := c.ClusterCert != ""; given != (c.ClusterKey != "") || given != (c.ClusterCA != "") {
		return errors.New("settings cluster-cert, cluster-key and cluster-ca go together: give all or none")
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
