package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"redoubt/node"
	"redoubt/pitr"
	"redoubt/scn"
)

// recoverTarget is where a recovery goes, as flags.
type recoverTarget struct {
	scn                            uint64
	time, point                    string
	transaction, before, statement string
	latest                         bool
}

func (t *recoverTarget) flags(c *cobra.Command) {
	c.Flags().Uint64Var(&t.scn, "to-scn", 0, "an SCN")
	c.Flags().StringVar(&t.time, "to-time", "", "the last commit at or before a time, 'YYYY-MM-DD hh:mm:ss', in UTC")
	c.Flags().StringVar(&t.point, "to-restore-point", "", "a restore point")
	c.Flags().StringVar(&t.transaction, "to-transaction", "", "the commit of a transaction, by its id")
	c.Flags().StringVar(&t.before, "before-transaction", "", "the commit right before that of a transaction, by its id")
	c.Flags().StringVar(&t.statement, "before-statement", "", "the same: a statement is named by its transaction")
	c.Flags().BoolVar(&t.latest, "latest", false, "the newest archived commit")
	names := []string{"to-scn", "to-time", "to-restore-point", "to-transaction", "before-transaction", "before-statement", "latest"}
	c.MarkFlagsMutuallyExclusive(names...)
	c.MarkFlagsOneRequired(names...)
}

func (t *recoverTarget) target() (out pitr.Target, err error) {
	out.SCN, out.RestorePoint = scn.SCN(t.scn), t.point
	if t.time != "" {
		for _, layout := range []string{time.DateTime, "2006-01-02 15:04:05.999999", time.RFC3339Nano} {
			if out.Time, err = time.Parse(layout, t.time); err == nil {
				break
			}
		}
		if err != nil {
			return out, fmt.Errorf("--to-time %s: write 'YYYY-MM-DD hh:mm:ss', in UTC", t.time)
		}
	}
	for text, into := range map[*string]*uint64{&t.transaction: &out.Transaction, &t.before: &out.Before, &t.statement: &out.Before} {
		if *text == "" {
			continue
		}
		if *into, err = strconv.ParseUint(*text, 10, 64); err != nil || *into == 0 {
			return out, fmt.Errorf("%q is not the id of a transaction", *text)
		}
	}
	return out, nil
}

func recoverCommand() *cobra.Command {
	var o node.RecoverOptions
	var t recoverTarget
	from := repositoryFlags{}
	var into recoverInto
	c := &cobra.Command{
		Use:   "recover",
		Short: "Make a database from the archived log, as it was at a point",
		Long: "Make a data directory with the database as it was at a point, from the log that a node archived (serve --archive).\n" +
			"If it is interrupted, the same command goes on. The recovered database is a new incarnation; its whole past is in it.\n" +
			"With --preview nothing is made: the point and the pieces that lead there are told, and that none is missing.\n" +
			"With --table or --schema only that is recovered, into the running node --into: whole, or not at all.",
		Example: "  redoubt recover --repo file:///backup --data ./again --to-time '2026-01-02 03:04:05'\n" +
			"  redoubt recover --repo file:///backup --to-time '2026-01-02 03:04:05' --table shop.orders --into 127.0.0.1:3307 --as orders_then",
		Args: cobra.NoArgs,
	}
	from.add(c)
	c.Flags().StringVar(&o.Data, "data", "", "data directory to make")
	c.Flags().BoolVar(&o.Preview, "preview", false, "only tell what would be done")
	t.flags(c)
	into.flags(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		part, err := into.wanted(c)
		if err != nil {
			return err
		}
		if o.Data == "" && !o.Preview && !part {
			return errors.New("say where to: --data DIRECTORY, --into HOST:PORT for one table or schema, or --preview")
		}
		if o.Target, err = t.target(); err != nil {
			return err
		}
		if o.Repository, err = from.open(c.Context()); err != nil {
			return err
		}
		o.Progress = newProgress(c.ErrOrStderr()).say
		ctx, stop := untilStopped(c.Context())
		defer stop()
		if part && !o.Preview {
			return into.run(ctx, o, c.OutOrStdout(), c.ErrOrStderr())
		}
		began := time.Now()
		r, err := node.Recover(ctx, o)
		if err != nil {
			return err
		}
		tellRecovery(c.OutOrStdout(), &o, &r, time.Since(began))
		return nil
	}
	return c
}

// tellRecovery says what was done, or would be.
func tellRecovery(w io.Writer, o *node.RecoverOptions, r *node.Recovered, took time.Duration) {
	verb := "recovered to"
	if o.Preview {
		verb = "would recover to"
	}
	fmt.Fprintf(w, "%s SCN %d of %s UTC, incarnation %d of %d, from %d pieces of the log, %d bytes, without a gap\n", verb, r.SCN,
		utcText(r.TimeMicros), r.Incarnation, r.Parent, r.Pieces, r.Bytes)
	from := "the first commit"
	if r.Backup != "" {
		from = fmt.Sprintf("backup %s at SCN %d", r.Backup, r.From)
	}
	fmt.Fprintf(w, "from %s, and the log behind it\n", from)
	if o.Preview {
		fmt.Fprintf(w, "it would take about %s, by %s\n", round(r.Predicted), r.PredictedBy)
	}
	if r.LogAfter > 0 {
		fmt.Fprintf(w, "the log begins behind SCN %d: who changed what up to there is not known, and rows go back as far as the state keeps them\n", r.LogAfter)
	}
	for _, note := range r.Notes {
		fmt.Fprintln(w, "note:", note)
	}
	if !o.Preview {
		if r.Checked > 0 {
			fmt.Fprintf(w, "the state had the hash that %d backups on the way say\n", r.Checked)
		}
		fmt.Fprintf(w, "state hash %016x, in %s; start it: redoubt serve --data %s\n", r.StateHash, round(took), o.Data)
	}
}
