package sql

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"time"

	gsql "github.com/dolthub/go-mysql-server/sql"

	"redoubt/scn"
	"redoubt/sql/parser"
	"redoubt/sql/sqlcode"
	"redoubt/sql/storage"
	"redoubt/sql/vview"
	"redoubt/telemetry"
)

// ClusterNode is a node of the cluster, as V$NODE shows it.
type ClusterNode = vview.Node

// Standby is a node that only follows, as V$STANDBY shows it.
type Standby = vview.Standby

// Takeover is how a node came to lead, as V$FAILOVER_HISTORY shows it.
type Takeover = vview.Takeover

// Objective is what was promised of a loss, as V$RECOVERY_OBJECTIVE shows it.
type Objective = vview.Objective

// Cluster is what a node does about others. It is safe for concurrent use.
type Cluster interface {
	// Several tells whether there are other nodes.
	Several() bool
	// Leads tells whether this node takes the commits of all.
	Leads() bool
	// Standby tells whether this node only reads.
	Standby() bool
	// Late tells whether this node applies what is committed only after a while, on purpose.
	Late() bool
	// Current returns once this node has all that was acknowledged anywhere before the call.
	Current(ctx context.Context) error
	// Fresh returns once this node has all that it knows to be committed, and fails if it has not heard from the leader for longer.
	Fresh(ctx context.Context, within time.Duration) error
	// Reach returns once this node has an SCN.
	Reach(ctx context.Context, at scn.SCN) error

	Nodes(ctx context.Context) ([]ClusterNode, error)
	Standbys() []Standby
	Takeovers() ([]Takeover, error)
	Objectives(ctx context.Context) ([]Objective, error)
	// Add keeps a place for a node that has not come yet.
	Add(ctx context.Context, node string, standby bool) error
	Promote(ctx context.Context, node string) error
	Demote(ctx context.Context, node string) error
	Remove(ctx context.Context, node string) error
	// Switchover lets another node lead, an empty name any, and tells who led, who leads, and how long nobody took commits.
	Switchover(ctx context.Context, node string) (from, to string, took time.Duration, err error)
	// Outcome tells what became of a transaction: its SCN, or that it did not commit and never will.
	Outcome(ctx context.Context, xid uint64) (at scn.SCN, committed bool, err error)
}

// several tells whether there are other nodes.
func (s *Server) several() bool { return s.options.Cluster != nil && s.options.Cluster.Several() }

// refresh makes what a statement will read as new as its session wants it, if there are other nodes.
func (h *handler) refresh(ctx context.Context, session *storage.Session, kind, text string) error {
	s := h.server
	if !s.several() {
		return nil
	}
	switch kind {
	case "set", "commit", "rollback":
		return nil
	case "insert", "update", "delete", "replace", "load", "ddl":
		if s.options.Cluster.Standby() {
			return sqlcode.New(sqlcode.IDStandby)
		}
	case "other":
		if storage.FirstWord(text) == "switchover" {
			return nil // it may be the order to lead that ends the time without a leader
		}
		if s.options.Cluster.Late() && (storage.FirstWord(text) == "backup" || storage.FirstWord(text) == "alter" || storage.IsSnapshot(text)) {
			return nil // it is one of what this node has applied
		}
	case "select":
		if asksViews(text) || asksSession(text) {
			return nil // what this node knows, also when it is cut off
		}
	case "show":
		if showsNode(text) {
			return nil
		}
	}
	mode := storage.ReadMode{}
	if session != nil {
		mode = session.ReadMode()
	}
	var slot *telemetry.Slot
	if session != nil {
		slot = session.Slot()
	}
	slot.Begin(telemetry.ReadIndex)
	defer slot.End(telemetry.ReadIndex)
	var err error
	switch mode.Kind {
	case storage.ReadSession:
		err = s.options.Cluster.Reach(ctx, mode.SCN)
	case storage.ReadStale:
		err = s.options.Cluster.Fresh(ctx, mode.Within)
	default:
		err = s.options.Cluster.Current(ctx)
	}
	if err != nil {
		return sqlcode.NotLeader(err)
	}
	return s.followUsers(ctx)
}

// literals are strings in a statement. (Names in double quotes would be, too, if the session wants ANSI_QUOTES; then they are not found.)
var literals = regexp.MustCompile(`(?s)'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"`)

// asksViews tells whether a query names one of the V$ views. What stands in a string is a value: a query for it is one of a table, which
// must be as new as any.
func asksViews(text string) bool {
	return strings.Contains(strings.ToUpper(text), "V$") && strings.Contains(strings.ToUpper(literals.ReplaceAllString(text, "")), "V$")
}

// ofSession are queries of nothing but settings and what a session is, as drivers ask when they connect.
var ofSession = func() *regexp.Regexp {
	const item = `(?:@@[\w.]+|(?:connection_id|version|database|schema|user|current_user|session_user)\s*\(\s*\)|\d+)(?:\s+(?:as\s+)?[\w` + "`" + `]+)?`
	return regexp.MustCompile(`(?is)^\s*select\s+` + item + `(?:\s*,\s*` + item + `)*(?:\s+limit\s+\d+)?\s*;?\s*$`)
}()

var comments = regexp.MustCompile(`(?s)/\*.*?\*/`)

// ofNode are SHOW of what is the node's or the session's own.
var ofNode = regexp.MustCompile(`(?is)^\s*show\s+(?:(?:global|session|local|full)\s+)?(?:variables|status|processlist|warnings|errors|engines|plugins|collation|character\s+set|charset)\b`)

// showsNode tells whether a SHOW reads nothing that other nodes change.
func showsNode(text string) bool {
	return ofNode.MatchString(text) && !strings.Contains(strings.ToLower(text), "select")
}

// asksSession tells whether a query names no table and nothing else that other nodes change.
func asksSession(text string) bool {
	return ofSession.MatchString(comments.ReplaceAllString(text, " "))
}

// seeUsers lets somebody log in whom another node has made. If the users cannot be read, they stay what they were, and the login's
// first statement says why.
func (s *Server) seeUsers() {
	if s.several() {
		if err := s.followUsers(context.Background()); err != nil {
			s.options.Logger.Error().Err(err).Msg("read the users that another node has changed")
		}
	}
}

// followUsers reads the users anew if another node has changed them.
func (s *Server) followUsers(ctx context.Context) error {
	changes := s.options.Engine.ControlChanges()
	if s.usersAt.Load() == changes {
		return nil
	}
	s.usersMu.Lock()
	defer s.usersMu.Unlock()
	raw, err := s.store.Control(privilegesControl)
	if err != nil {
		return err
	}
	if raw != nil && !bytes.Equal(raw, s.users) {
		if err := reloadUsers(s.internalContext(ctx), s); err != nil {
			return err
		}
		s.users = raw
	}
	s.usersAt.Store(changes)
	return nil
}

// nodes gives the cluster to somebody who may change it.
func (c commands) nodes(ctx *gsql.Context, statement string) (Cluster, error) {
	if err := c.server.requireAdmin(ctx); err != nil {
		return nil, err
	}
	if c.server.options.Cluster == nil {
		return nil, sqlcode.Unsupported(statement + " on this node")
	}
	return c.server.options.Cluster, nil
}

// alterCluster runs ALTER CLUSTER.
func (c commands) alterCluster(ctx *gsql.Context, s *parser.AlterCluster) (gsql.RowIter, error) {
	nodes, err := c.nodes(ctx, s.CommandName())
	if err != nil {
		return nil, err
	}
	act := map[parser.ClusterAction]func(context.Context, string) error{
		parser.AddNode:     func(ctx context.Context, name string) error { return nodes.Add(ctx, name, s.Standby) },
		parser.PromoteNode: nodes.Promote, parser.DemoteNode: nodes.Demote, parser.RemoveNode: nodes.Remove,
	}[s.Action]
	if err := act(ctx, s.Node); err != nil {
		return nil, sqlcode.New(sqlcode.IDCluster, err.Error())
	}
	return done(), nil
}

// switchover runs SWITCHOVER.
func (c commands) switchover(ctx *gsql.Context, s *parser.Switchover) (gsql.RowIter, error) {
	nodes, err := c.nodes(ctx, s.CommandName())
	if err != nil {
		return nil, err
	}
	from, to, took, err := nodes.Switchover(ctx, s.Node)
	if err != nil {
		return nil, sqlcode.New(sqlcode.IDCluster, err.Error())
	}
	return gsql.RowsToRowIter(gsql.Row{from, to, float64(took.Microseconds()) / 1000}), nil
}

// showOutcome runs SHOW TRANSACTION OUTCOME.
func (c commands) showOutcome(ctx *gsql.Context, s *parser.ShowOutcome) (gsql.RowIter, error) {
	nodes, err := c.nodes(ctx, s.CommandName())
	if err != nil {
		return nil, err
	}
	at, committed, err := nodes.Outcome(ctx, s.XID)
	if err != nil {
		return nil, sqlcode.NotLeader(err)
	}
	row := gsql.Row{s.XID, "NOT COMMITTED", nil}
	if committed {
		row = gsql.Row{s.XID, "COMMITTED", uint64(at)}
	}
	return gsql.RowsToRowIter(row), nil
}
