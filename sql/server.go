package sql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/VictoriaMetrics/metrics"
	sqle "github.com/dolthub/go-mysql-server"
	"github.com/dolthub/go-mysql-server/server"
	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"
	"github.com/dolthub/vitess/go/mysql"
	"github.com/sirupsen/logrus"

	"redoubt/flashback"
	"redoubt/flashback/backout"
	"redoubt/sql/function"
	"redoubt/sql/parser"
	"redoubt/sql/short"
	"redoubt/sql/sqlstat"
	"redoubt/sql/storage"
	"redoubt/sql/vview"
	"redoubt/sql/wire"
	"redoubt/telemetry"
)

// Server is the SQL engine with its listener.
type Server struct {
	options    Options
	engine     *sqle.Engine
	unguarded  *analyzer.Catalog // the engine's, asking for no rights
	parser     *parser.Parser
	registry   *vview.Registry
	store      *storage.Store
	provider   *storage.Provider
	flashback  *flashback.Manager
	backout    *backout.Manager // takes transactions back
	figures    *figures
	short      *short.Path
	handler    *handler
	statistics *sqlstat.Store
	slow       slowLog

	usersMu sync.Mutex // guards users
	users   []byte     // as they are in the database, of the latest change that another node may have made
	usersAt atomic.Uint64

	listener net.Listener
	inside   *wire.Inside // for statements that need a connection of their own
	server   *server.Server

	background sync.WaitGroup
	stopWork   context.CancelFunc // ends what runs in the background

	stopOnce sync.Once
	stopErr  error
	served   chan struct{} // closed when Serve has returned
	serving  sync.Once
}

// advertisedVersion is what clients take for the server's version: that of the MySQL whose SQL is spoken.
const advertisedVersion = "8.0.33-redoubt"

// making lets one server be made at a time: the SQL engine sets variables of the process as it is made.
var making sync.Mutex

// New makes a server and binds its address; connections wait until Serve.
func New(o Options) (*Server, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	making.Lock()
	defer making.Unlock()
	s := &Server{options: o, flashback: newFlashback(&o), backout: backout.New(backout.Options{Engine: o.Engine, Log: o.Log}), figures: newFigures(o.Metrics), statistics: sqlstat.New(o.StatementDigests), served: make(chan struct{})}
	if err := s.openEngine(); err != nil {
		return nil, err
	}
	var err error
	if s.listener, err = net.Listen("tcp", o.Addr); err != nil {
		return nil, errors.Join(explainAddress(o.Addr, err), s.closeEngine())
	}
	if err := s.openServer(); err != nil {
		return nil, errors.Join(err, s.listener.Close(), s.closeEngine())
	}
	return s, nil
}

func explainAddress(addr string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("address %s is in use by another process: stop it, or choose another address with --mysql (%w)", addr, err)
	}
	return fmt.Errorf("listen for MySQL clients on %s: %w", addr, err)
}

// Numbers of the rules of this package. The engine's own begin at 0, those of package function at 10,100.
const (
	apartRule analyzer.RuleId = 10_000 + iota
	commitRule
	exactRule
	floatRule
	killRule
	collationRule
	loadRule
	nullSafeRule
	onesidedRule
	showRule
	unionRule
	askRule
	deleteRule
	limitRule
	eitherRule
	fitRule
	keyRule
	lockRule
)

// openEngine makes the SQL engine over the store.
func (s *Server) openEngine() error {
	quiet()
	s.registry = s.views()
	s.store = storage.NewStore(s.options.Engine, s.registry, storage.Limits{
		TransactionBytes: s.options.TransactionBytesMax, StatementBytes: s.options.StatementBytesMax,
	})
	s.provider = storage.NewProvider(s.store, newUserLocks(function.NewLibrary(), func() *storage.Store { return s.store }))
	forAll()
	a := function.AddRules(analyzer.NewBuilder(s.provider)).AddPreAnalyzeRule(killRule, s.refuseKill).AddPreAnalyzeRule(limitRule, limitNulls).AddPreAnalyzeRule(loadRule, loadInserts).
		AddPreAnalyzeRule(floatRule, compareFloats).AddPreAnalyzeRule(collationRule, apartCollations).AddPreAnalyzeRule(apartRule, tellApart).AddPreAnalyzeRule(onesidedRule, liftOnesided).AddPostAnalyzeRule(askRule, askViews).AddPostAnalyzeRule(showRule, showDefinitions).
		AddPostAnalyzeRule(unionRule, countUnion).AddPostAnalyzeRule(nullSafeRule, compareNullSafe).
		AddPostAnalyzeRule(keyRule, keepNeededKey).AddPostAnalyzeRule(commitRule, keepTransaction).Build()
	correct(a)
	a.ExecBuilder = planKeeper{newExecution(s.require, func(ctx *gsql.Context, statement string) (gsql.Node, error) {
		return s.engine.AnalyzeQuery(ctx, statement)
	}), s}
	a.Catalog.StatsProvider = s.store.Statistics()
	s.figures.set.GetOrCreateGauge("redoubt_sql_digests", func() float64 { return float64(s.statistics.Len()) })
	s.figures.set.RegisterMetricsWriter(func(w io.Writer) {
		metrics.WriteCounterUint64(w, "redoubt_sql_digests_evicted_total", s.statistics.Evicted())
		plans := s.statistics.PlanStats()
		metrics.WriteCounterUint64(w, "redoubt_sql_plan_changes_total", plans.Changes)
		metrics.WriteCounterUint64(w, "redoubt_sql_plan_changes_evicted_total", plans.ChangesEvicted)
		metrics.WriteCounterUint64(w, "redoubt_sql_slow_statements_total", s.slow.count())
	})
	s.engine = sqle.New(a, &sqle.Config{VersionPostfix: s.options.Identity.Version})
	a.Runner = procedureRunner{engine: s.engine}
	s.engine.ProcessList = processes{s.engine.ProcessList, func(p *gsql.Process) { s.handler.complete(p) }}
	ctx := s.internalContext(context.Background())
	if err := requirement(s.require).guardConnections(ctx, a.Catalog.InfoSchema); err != nil {
		return err
	}
	a.Catalog.RegisterFunction(ctx, functions(s.options.Engine)...)
	s.parser = parser.New(parser.Options{
		Executor: commands{s}, Catalog: a.Catalog, DatabaseOf: s.store.SystemDatabaseOf, Rewrite: function.NewRewriter().Rewrite,
	})
	if err := s.parser.Install(ctx, s.engine); err != nil {
		return err
	}
	var err error
	if s.unguarded, err = unguarded(a.Catalog); err != nil {
		return err
	}
	s.short = short.New(short.Options{
		Store: s.store, Require: s.require, Processes: s.engine.ProcessList, Metrics: s.figures.set,
	})
	if err := s.setVariables(ctx); err != nil {
		return err
	}
	return loadUsers(ctx, a.Catalog.MySQLDb, s.store, &s.options)
}

// quiet keeps the SQL engine's own log, which goes around ours, from writing: what matters reaches us as errors.
func quiet() {
	logrus.SetOutput(io.Discard)
	logrus.SetLevel(logrus.PanicLevel)
}

// Views describes all views that the server has, for the reference.
func (s *Server) Views() []vview.Described { return s.registry.List() }

func (s *Server) views() *vview.Registry {
	e := s.options.Engine
	open := func() []vview.Transaction { return s.handler.transactions() }
	list := []gsql.Table{
		vview.Database(e, s.options.Identity), vview.RestorePoints(e, s.options.RedoSince), vview.Holds(e, s.options.LogHolds), vview.FlashbackLog(e, s.options.RedoSince),
		vview.Incarnations(e), vview.Flashbacks(e), vview.RecycleBin(e), vview.Transactions(e, open), vview.Locks(e, open, func() map[uint64]uint32 { return s.handler.tableLocks() }),
		vview.TransactionQuery(s.miningOptions()),
		vview.LogmnrContents(s.miningOptions()),
	}
	list = append(list, s.activityViews()...)
	if s.options.Archives != nil {
		list = append(list, vview.Archives(s.options.Archives))
	}
	if b := s.options.Backups; b != nil {
		list = append(list, vview.BackupsUnderway(b.Progress), vview.ChangesTracked(b.ChangeTracking), vview.ArchivedLog(b.ArchivedLog), vview.Verifications(b.Verifications), vview.VerificationSchedule(b.VerificationStatus), vview.Drills(b.Drills), vview.Backups(b.Backups), vview.Recoverability(b.Reaches))
	}
	if o := s.options.Recoveries; o != nil {
		list = append(list, vview.RecoveriesUnderway(o.Progress))
	}
	if o := s.options.Snapshots; o != nil {
		list = append(list, vview.Snapshots(o.Snapshots), vview.DatabaseClones(o.Clones))
	}
	if o := s.options.Cluster; o != nil {
		list = append(list, vview.Nodes(o.Nodes), vview.Standbys(o.Standbys), vview.Failovers(o.Takeovers), vview.Objectives(o.Objectives))
	}
	if s.options.LogFiles != nil {
		list = append(list, vview.Log(s.options.LogFiles))
	}
	if s.options.Parameters != nil {
		list = append(list, vview.Parameters(s.options.Parameters))
	}
	if s.options.Health != nil {
		list = append(list, vview.Health(s.options.Health))
	}
	return vview.NewRegistry(list...)
}

// activityViews are the views of sessions and statements.
func (s *Server) activityViews() []gsql.Table {
	a := &vview.Activity{Engine: s.options.Engine, Slots: s.options.Slots, Samples: s.options.Samples}
	list := []gsql.Table{
		vview.Sessions(a), vview.SystemEvents(a), vview.SessionEvents(a), vview.EventNames(), vview.ActiveSessionHistory(a),
		vview.ActiveSessionHistoryFine(a), vview.ThinnedSessionHistory(a), vview.SQLArea("V$SQL", s.statistics), vview.SQLArea("V$SQLAREA", s.statistics),
		vview.SQLStats(s.statistics), vview.SQLPlans(s.statistics), vview.PlanChanges(s.statistics), vview.SQLMonitor(a, s.statistics), vview.PlanMonitor(a, func() []vview.PlanLine { return s.handler.planLines() }), vview.Slow(s.slow.list), vview.SysStat(a), vview.SesStat(a), vview.BackgroundProcesses(a),
		vview.Instance(s.options.Identity, a, time.Now()),
	}
	if w := s.options.Workload; w != nil {
		list = append(list, vview.WorkloadViews(w)...)
	}
	if t := s.options.Tap; t != nil {
		list = append(list, vview.RedoRates(t), vview.HotTables(a, t), vview.HotKeys(a, t), vview.TopWriters(t))
	}
	return list
}

// Sampled adds what a sample saw to the statistics of its statement.
func (s *Server) Sampled(x *telemetry.Sample) {
	if x.SQL != 0 && !x.Background {
		s.statistics.Waited(x.SQL, x.Event.Class(), time.Duration(x.Weight)*time.Microsecond)
	}
}

// internalContext is a context for work of the server's own, as root.
func (s *Server) internalContext(ctx context.Context) *gsql.Context {
	base := gsql.NewBaseSessionWithClientServer(s.options.Addr, gsql.Client{User: rootUser, Address: localhost}, 0)
	return gsql.NewContext(ctx, gsql.WithSession(storage.NewSession(base, s.store, "redoubt")))
}

// noFiles is a directory in which no file can be.
const noFiles = "/dev/null"

// setVariables sets the system variables whose defaults are not those of the SQL engine, then the persisted ones.
func (s *Server) setVariables(ctx *gsql.Context) error {
	files := s.options.FileDir
	if files == "" {
		files = noFiles
	}
	packet := s.options.MaxPacketBytes
	if packet == 0 {
		packet = wire.DefaultMaxPacketBytes
	}
	connections := s.options.MaxConnections
	if connections == 0 {
		connections = wire.DefaultMaxConnections
	}
	values := map[string]any{
		"transaction_isolation": "READ-COMMITTED", "tx_isolation": "READ-COMMITTED", "secure_file_priv": files,
		"max_allowed_packet": int64(packet), "max_connections": int64(connections), "version": advertisedVersion,
		"version_comment": "Redoubt " + s.options.Identity.Version, "local_infile": int8(1), "event_scheduler": "OFF",
		"collation_server": storage.DefaultCollation.Name(), "collation_connection": storage.DefaultCollation.Name(),
		"collation_database": storage.DefaultCollation.Name(),
	}
	gsql.SystemVariables.AddSystemVariables(ownVariables())
	if err := gsql.SystemVariables.AssignValues(values); err != nil {
		return fmt.Errorf("set system variables: %w", err)
	}
	persisted, err := s.store.PersistedVariables()
	if err != nil {
		return err
	}
	for name, text := range persisted {
		variable, _, ok := gsql.SystemVariables.GetGlobal(name)
		if !ok {
			continue // of a version that knew it
		}
		value, _, err := variable.GetType().Convert(ctx, text)
		if err == nil {
			err = gsql.SystemVariables.AssignValues(map[string]any{name: value})
		}
		if err != nil {
			return fmt.Errorf("persisted variable %s: %w", name, err)
		}
	}
	return nil
}

// openServer puts the MySQL protocol in front.
func (s *Server) openServer() error {
	o := s.options.wire()
	s.inside = wire.NewInside()
	o.Inside = s.inside
	o.Metrics = s.figures.wire()
	o.LoggedIn = func(id uint32, user, program string) { s.handler.loggedIn(id, user, program) }
	panics := o.Metrics.Panic
	o.Metrics.Panic = func(value any) {
		panics(value)
		s.options.Logger.Error().Interface("panic", value).Msg("a statement panicked")
	}
	config := server.Config{
		Protocol: "tcp", Address: s.listener.Addr().String(), Listener: s.listener, Version: advertisedVersion,
		TLSConfig: o.TLSConfig, RequireSecureTransport: o.RequireTLS, ProtocolListenerFactory: wire.ListenerFactory(o),
	}
	wrap := func(h mysql.Handler) (mysql.Handler, error) {
		s.handler = newHandler(h, s)
		return wire.WrapHandler(o)(s.handler)
	}
	var err error
	s.server, err = server.NewServerWithHandler(config, s.engine, gsql.NewContext, s.newSession, nil, wrap)
	if err != nil {
		return fmt.Errorf("MySQL protocol: %w", err)
	}
	return nil
}

// newSession makes the session of a connection, at its first statement.
func (s *Server) newSession(ctx context.Context, c *mysql.Conn, addr string) (gsql.Session, error) {
	base, err := gsql.BaseSessionFromConnection(ctx, c, addr)
	if err != nil {
		return nil, err
	}
	session := storage.NewSession(base, s.store, s.handler.programOf(c.ConnectionID))
	s.handler.adopt(c.ConnectionID, session)
	s.engine.ProcessList.ConnectionReady(session)
	return session, setTLSStatus(gsql.NewContext(ctx, gsql.WithSession(session)), c)
}

// setTLSStatus lets a client see in its status variables how its connection is encrypted.
func setTLSStatus(ctx *gsql.Context, c *mysql.Conn) error {
	version, cipher := wire.TLSOf(c)
	if version == "" {
		return nil
	}
	if err := ctx.Session.SetStatusVariable(ctx, "Ssl_version", version); err != nil {
		return err
	}
	return ctx.Session.SetStatusVariable(ctx, "Ssl_cipher", cipher)
}

// closeEngine ends the SQL engine. Its threads in the background end by a context, and it says so.
func (s *Server) closeEngine() error {
	if err := s.engine.Close(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// Addr is the address that the server listens on.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Serve takes connections until Shutdown.
func (s *Server) Serve() error {
	s.serving.Do(func() {
		defer close(s.served)
		s.startStatistics()
		s.server.Listener.Accept()
	})
	return nil
}

// Shutdown stops taking connections, lets running statements finish until ctx is done, then breaks them off. Open
// transactions are rolled back. It waits until every connection is closed.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stopOnce.Do(func() {
		s.server.Listener.Close()
		s.serving.Do(func() { close(s.served) }) // Serve was never called
		<-s.served
		if s.stopWork != nil {
			s.stopWork()
		}
		s.background.Wait()
		drained := s.handler.drain(ctx)
		s.server.SessionManager().WaitForClosedConnections()
		if drained != nil {
			drained = fmt.Errorf("clients were still busy when the time was over: %w", drained)
		}
		closed := s.closeEngine()
		s.stopErr = errors.Join(drained, closed)
	})
	return s.stopErr
}
