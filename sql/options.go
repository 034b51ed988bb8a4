package sql

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/rs/zerolog"

	"redoubt/engine"
	"redoubt/engine/catalog"
	"redoubt/flashback/redolog"
	"redoubt/scn"
	"redoubt/sql/datatype"
	"redoubt/sql/vview"
	"redoubt/sql/wire"
	"redoubt/telemetry"
)

// Collator gives the sort order of text, by which the engine makes its keys. It is the same for ever.
func Collator() catalog.Collator { return datatype.Collations{} }

// Parameter is a setting, as V$PARAMETER shows it.
type Parameter = vview.Parameter

// Identity is what V$DATABASE says of the database and its node.
type Identity = vview.Identity

// Samples is what was seen of sessions, as V$ACTIVE_SESSION_HISTORY shows it.
type Samples = vview.Samples

// Tap is what the tail of the log tells, as V$REDO_RATE and its like show it.
type Tap = vview.Tap

// RedoRate is a row of V$REDO_RATE, Written one of V$HOT_TABLE, V$HOT_KEY or V$TOP_WRITER.
type (
	RedoRate = vview.RedoRate
	Written  = vview.Written
)

// Archive is a repository that the log goes to, as V$ARCHIVE shows it.
type Archive = vview.Archive

// ArchivedPiece is a piece of the archived log, as V$ARCHIVED_LOG shows it.
type ArchivedPiece = vview.ArchivedPiece

// BackupProgress is how far a backup has come, as V$BACKUP_PROGRESS shows it.
type BackupProgress = vview.BackupProgress

// ChangeTracking is what the next incremental backup would be made of, as V$BLOCK_CHANGE_TRACKING shows it.
type ChangeTracking = vview.ChangeTracking

// Verification is what a verification of a repository found, as V$BACKUP_VERIFICATION shows it.
type Verification = vview.Verification

// VerificationStatus is how the verifications of a repository stand, as V$VERIFICATION_SCHEDULE shows it.
type VerificationStatus = vview.VerificationStatus

// BackupLog is the kind of BACKUP ARCHIVELOG.
const BackupLog = "archivelog"

// LogFile is a file of the log, as V$LOG shows it.
type LogFile = vview.LogFile

// LogKind tells what a file of the log is.
type LogKind = vview.LogKind

// Kinds of files of the log.
const (
	LogSegment   = vview.LogSegment
	LogLive      = vview.LogLive
	LogDiscarded = vview.LogDiscarded
)

// Drill is a recovery that was rehearsed, as V$DRILL shows it.
type Drill = vview.Drill

// RepositoryBackup is a backup in a repository, as V$BACKUP shows it.
type RepositoryBackup = vview.RepositoryBackup

// Reach is what a recovery reaches, as V$RECOVERABILITY shows it.
type Reach = vview.Reach

// BackupRequest is what a BACKUP statement asks for.
type BackupRequest struct {
	Kind       string // full, incremental, differential or archivelog
	Repository string // empty: the one that the log is archived to
	Tag        string
	Limit      string // of what is sent in a second; empty: none
	Key        string // path of a key file on the node; empty: what its settings say
}

// Backup tells what a BACKUP statement made.
type Backup struct {
	ID, Kind, Base, Repository string
	SCN                        scn.SCN
	TimeMicros                 int64
	Log                        bool // it is the log since its base; else it has files
	Files, SentFiles           int
	Bytes                      int64 // of its files
	LogBytes                   int64 // of the log since its base
	LackingBytes               int64 // of the state's files that the repository lacked
	SentPieces                 uint64
	SentBytes                  int64 // of files and of the log
	Took                       time.Duration
	StateHash                  string
}

// Backups is what a node does about backups. It is called by many connections at a time.
type Backups interface {
	// Backup makes a backup, or makes a repository hold the log.
	Backup(ctx context.Context, r BackupRequest) (Backup, error)
	// LimitBackup changes how fast the one that is being made may send.
	LimitBackup(limit string) error
	// Progress tells of the one that is being made.
	Progress() []BackupProgress
	// ChangeTracking tells what the next incremental one would be made of.
	ChangeTracking(ctx context.Context) ([]ChangeTracking, error)
	// ArchivedLog lists the log in the repositories that it is archived to.
	ArchivedLog(ctx context.Context) ([]ArchivedPiece, error)
	// Backups lists the backups in these repositories.
	Backups(ctx context.Context) ([]RepositoryBackup, error)
	// Reaches lists what can be recovered from them.
	Reaches(ctx context.Context) ([]Reach, error)
	// VerificationStatus tells of each of them when it was last verified, and will be, and what is wrong.
	VerificationStatus(ctx context.Context) ([]VerificationStatus, error)
	// Drills lists the drills of these repositories.
	Drills(ctx context.Context) ([]Drill, error)
	// Verifications lists what verifications of these repositories found.
	Verifications(ctx context.Context) ([]Verification, error)
}

// Options of a Server.
type Options struct {
	Engine *engine.Engine // open, and connected to the log
	Log    redolog.Log    // what was committed, for those who look into the past
	Addr   string         // HOST:PORT; port 0 takes a free one

	TLS            *tls.Config   // nil offers none
	RequireTLS     bool          // refuse clients without TLS
	MaxConnections int           // default 1000
	MaxPacketBytes int           // default 64 MiB
	LoginTimeout   time.Duration // default 10 s

	// TransactionBytesMax is what one transaction may change, in bytes of rows in memory; 0 is the engine's default.
	TransactionBytesMax int64
	// StatementBytesMax is what one statement may hold of its rows in memory, to sort, to group, to join or for a cursor; 0 is 256 MiB.
	StatementBytesMax int64
	// StatisticsEvery is how often tables are looked for whose statistics are out of date; 0 never.
	StatisticsEvery time.Duration
	// RootPassword is given to root if it has no password yet.
	RootPassword string
	// FileDir is the only directory that LOAD DATA INFILE and SELECT … INTO OUTFILE may use on the server; empty
	// allows none. LOAD DATA LOCAL is not concerned.
	FileDir string

	Identity   Identity                                 // for V$DATABASE and VERSION()
	Parameters func() []Parameter                       // for V$PARAMETER; may be nil
	Health     func(context.Context) []telemetry.Result // for V$HEALTH; may be nil
	Archives   func() ([]Archive, error)                // for V$ARCHIVE; may be nil
	Backups    Backups                                  // for BACKUP and its views; may be nil
	Recoveries Recoveries                               // for RECOVER and its view; may be nil
	Snapshots  Snapshots                                // may be nil
	Cluster    Cluster                                  // other nodes; may be nil
	LogFiles   func() ([]LogFile, error)                // for V$LOG; may be nil
	LogHolds   func() []engine.Hold                     // for V$HOLD: what keeps the log; may be nil
	RedoSince  vview.RedoSince                          // may be nil
	// Slots is where sessions show what they do; nil: a table of the server's own.
	Slots *telemetry.Slots
	// Samples is what was seen of sessions, for V$ACTIVE_SESSION_HISTORY and its like; may be nil.
	Samples vview.Samples
	// Tap is what the tail of the log tells; may be nil.
	Tap vview.Tap
	// Workload is the snapshots of what the node counts. May be nil.
	Workload Workload
	// StatementDigests is how many digests statistics are kept of; 0 is sqlstat.DefaultMax.
	StatementDigests int
	// SlowStatement is how long a statement must take to be kept with its plan in V$SQL_SLOW; 0: none is.
	SlowStatement time.Duration
	Logger        zerolog.Logger
	Metrics       *metrics.Set // gets redoubt_sql_…; may be nil

	// BeforeFlashback is called before the whole database goes back; may be nil. If it fails, nothing does.
	BeforeFlashback func(context.Context) error
}

// Validate tells what is wrong with the options.
func (o *Options) Validate() error {
	if o.Engine == nil || o.Log == nil {
		return errors.New("sql: options without an engine or its log")
	}
	if _, _, err := net.SplitHostPort(o.Addr); err != nil {
		return errors.New("sql: the address is not HOST:PORT: " + o.Addr)
	}
	if o.Slots == nil {
		o.Slots = telemetry.NewSlots()
	}
	if o.RequireTLS && o.TLS == nil {
		return errors.New("sql: TLS is required but there is no certificate")
	}
	return nil
}

func (o *Options) wire() wire.Options {
	return wire.Options{
		TLSConfig: o.TLS, RequireTLS: o.RequireTLS, MaxPacketBytes: o.MaxPacketBytes,
		LoginTimeout: o.LoginTimeout, MaxConnections: o.MaxConnections,
	}
}

// isLoopback tells whether only this machine can reach the address.
func isLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
