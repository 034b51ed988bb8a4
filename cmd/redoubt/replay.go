package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"redoubt/internal/shell"
	"redoubt/node"
	"redoubt/scn"
	"redoubt/sql/replay"
)

// replaying is a replay, as flags.
type replaying struct {
	repository     repositoryFlags
	data, schema   string
	tables, except []string
	from, to       uint64
	speed          float64
	force          bool
	client         func() (shell.Options, error)
}

func replayCommand() *cobra.Command {
	var r replaying
	c := &cobra.Command{
		Use:   "replay",
		Short: "Do again on a running node what a log says",
		Long: "Do again on a running node what a log says: that of a repository, or that of a data directory which no node has open;\n" +
			"transaction by transaction, as SQL. A row that is not as the log says ends it, with its SCN, transaction and key.\n" +
			"--speed 1 keeps the time between commits; without it, it goes as fast as it can: a recorded log is a benchmark's input.",
		Example: "  redoubt replay --data ./yesterday --into 127.0.0.1:3307 --from-scn 1000 --table shop.orders\n" +
			"  redoubt replay --repo file:///backup --into 127.0.0.1:3307 --except-transaction 7234567890123456789",
		Args: cobra.NoArgs,
	}
	f := c.Flags()
	r.repository.flags(c)
	dataFlag(c, &r.data)
	f.Uint64Var(&r.from, "from-scn", 1, "first SCN")
	f.Uint64Var(&r.to, "to-scn", 0, "last SCN; without it the last that there is")
	f.StringArrayVar(&r.tables, "table", nil, "SCHEMA.TABLE: only that; may be given several times")
	f.StringVar(&r.schema, "schema", "", "only that schema")
	f.StringArrayVar(&r.except, "except-transaction", nil, "id of a transaction that is left out; may be given several times")
	f.Float64Var(&r.speed, "speed", 0, "1 as fast as it was, 10 ten times as fast; without it as fast as it goes")
	f.BoolVar(&r.force, "force", false, "count what is not as the log says, and go on")
	r.client = intoFlags(c)
	c.MarkFlagsMutuallyExclusive("repo", "data")
	c.MarkFlagsOneRequired("repo", "data")
	_ = c.MarkFlagRequired("into")
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx, stop := untilStopped(c.Context())
		defer stop()
		return r.run(ctx, c)
	}
	return c
}

// options reads the flags but for the log and the server.
func (r *replaying) options() (o replay.Options, err error) {
	o.Speed, o.Force = r.speed, r.force
	if r.speed < 0 {
		return o, errors.New("--speed must not be negative")
	}
	if r.schema != "" {
		o.Only = append(o.Only, replay.Name{Schema: r.schema})
	}
	for _, t := range r.tables {
		schema, table, ok := strings.Cut(t, ".")
		if !ok || schema == "" || table == "" {
			return o, fmt.Errorf("--table %s: say SCHEMA.TABLE", t)
		}
		o.Only = append(o.Only, replay.Name{Schema: schema, Table: table})
	}
	for _, x := range r.except {
		xid, err := strconv.ParseUint(x, 10, 64)
		if err != nil {
			return o, fmt.Errorf("--except-transaction %s: it is not the id of a transaction", x)
		}
		o.Except = append(o.Except, xid)
	}
	if r.from == 0 || r.to > 0 && r.from > r.to {
		return o, errors.New("the range is empty: SCNs begin with 1, and --from-scn must not be over --to-scn")
	}
	return o, nil
}

// log opens the log.
func (r *replaying) log(ctx context.Context, progress *progress) (*node.Offline, error) {
	if r.data != "" {
		return node.OpenOffline(ctx, r.data)
	}
	repository, err := r.repository.open(ctx)
	if err != nil {
		return nil, err
	}
	return node.OpenRepository(ctx, node.RepositoryLog{Repository: repository, To: scn.SCN(r.to), Progress: progress.say})
}

func (r *replaying) run(ctx context.Context, c *cobra.Command) (err error) {
	o, err := r.options()
	if err != nil {
		return err
	}
	client, err := r.client()
	if err != nil {
		return err
	}
	conn, disconnect, err := shell.Connect(ctx, client)
	if err != nil {
		return err
	}
	defer func() { _ = disconnect() }()
	progress := newProgress(c.ErrOrStderr())
	log, err := r.log(ctx, progress)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	if r.to == 0 {
		r.to = log.End()
	}
	if r.to > log.End() {
		return fmt.Errorf("the log ends at SCN %d", log.End())
	}
	if kept := log.Kept(); r.from <= kept {
		return fmt.Errorf("the log begins behind SCN %d: say --from-scn %d, or more, with --into a server that is as it was before that", kept, kept+1)
	}
	if r.from > r.to {
		return fmt.Errorf("the log ends at SCN %d, before --from-scn", r.to)
	}
	miner := log.Miner()
	o.Log, o.Past, o.Differ, o.Conn = miner.Log, miner.Engine, log, conn
	o.SCNs = scn.Range{After: scn.SCN(r.from - 1), To: scn.SCN(r.to)}
	o.Progress = func(at scn.SCN) { progress.say("SCN", uint64(at), r.to) }
	result, err := replay.Run(ctx, o)
	for _, note := range result.Notes {
		fmt.Fprintln(c.OutOrStdout(), "note:", note)
	}
	if err != nil {
		return fmt.Errorf("%w; all before is done, SCN %d included: --from-scn %d goes on", err, result.Last, result.Last+1)
	}
	rate := float64(result.Transactions) / max(result.Took.Seconds(), 1e-9)
	_, err = fmt.Fprintf(c.OutOrStdout(), "replayed SCN %d to %d: %d transactions, %d rows, %d definitions, %d conflicts, in %s, %.0f transactions a second\n",
		r.from, r.to, result.Transactions, result.Rows, result.Definitions, result.Conflicts, result.Took.Round(time.Millisecond), rate)
	return err
}
