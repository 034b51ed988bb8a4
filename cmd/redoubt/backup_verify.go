package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"redoubt/backup"
	"redoubt/backup/lease"
	"redoubt/backup/repository"
	"redoubt/backup/retention"
	"redoubt/node"
)

// backupVerifying is redoubt backup verify.
type backupVerifying struct {
	level, olderThan, work, format string
	results                        bool
}

func backupVerifyCommand() *cobra.Command {
	var b backupVerifying
	c := &cobra.Command{
		Use:   "verify",
		Short: "Prove that backups can be used",
		Long: "Prove that what is in a repository can be used, and keep there what was found. Levels:\n" +
			"  quick     everything is there, and has the right size\n" +
			"  standard  and what is new, or was last read longer ago than --older-than, is read and compared with its checksums\n" +
			"  full      and everything is read\n" +
			"  restore   and a recovery goes to each backup, and to the newest commit, in a temporary directory\n" +
			"What is damaged is named: the object, the kind of damage, the block, and the SCNs that it concerns. If anything is,\n" +
			"the exit code is 1. --results shows what was found before.",
		Args: cobra.NoArgs,
	}
	from := repositoryFlags{}
	from.add(c)
	c.Flags().StringVar(&b.level, "level", string(backup.Standard), "quick, standard, full or restore")
	c.Flags().StringVar(&b.olderThan, "older-than", "7d", "at level standard: read again what was last read longer ago")
	c.Flags().StringVar(&b.work, "work", "", "directory for temporary files; default: that of the system")
	c.Flags().StringVar(&b.format, "format", "table", "form of the result: table or json")
	c.Flags().BoolVar(&b.results, "results", false, "only show what was found before")
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx, stop := untilStopped(c.Context())
		defer stop()
		s, err := from.open(ctx)
		if err != nil {
			return err
		}
		if b.results {
			return b.show(ctx, c.OutOrStdout(), s)
		}
		return lease.With(ctx, s, lease.Use, "redoubt backup verify", waiting(c), func(ctx context.Context) error { return b.run(ctx, c, s) })
	}
	return c
}

func (b *backupVerifying) run(ctx context.Context, c *cobra.Command, s *repository.Repository) error {
	level, err := backup.ParseLevel(b.level)
	if err != nil {
		return err
	}
	age, err := retention.ParseSpan(b.olderThan)
	if err != nil {
		return fmt.Errorf("--older-than: %w", err)
	}
	v, err := node.VerifyRepository(ctx, s, b.work, backup.VerifyOptions{Level: level, OlderThan: time.Duration(age), Progress: newProgress(c.ErrOrStderr()).say})
	if err != nil {
		return err
	}
	if err := b.print(c.OutOrStdout(), v); err != nil {
		return err
	}
	if len(v.Damage) > 0 {
		return fmt.Errorf("the repository is damaged, in %d places; redoubt recover goes other ways as far as there are", len(v.Damage))
	}
	return nil
}

func (b *backupVerifying) print(w io.Writer, v *backup.Verification) error {
	if b.format == "json" {
		return json.NewEncoder(w).Encode(v)
	}
	for i := range v.Manifests {
		verdict := "ok"
		if damage := v.DamageOf(v.Manifests[i].ID); len(damage) > 0 {
			verdict = fmt.Sprintf("damaged: %s", damage[0].Object)
		}
		fmt.Fprintf(w, "%s: %s\n", v.Manifests[i].ID, verdict)
	}
	for i := range v.Damage {
		fmt.Fprintln(w, v.Damage[i].Error())
	}
	restored := ""
	if v.Level == backup.Restore {
		restored = fmt.Sprintf(", %d recoveries", v.Restored)
	}
	fmt.Fprintf(w, "%s: %d objects, %d of them read, %d bytes%s\n", v.Level, v.Objects, v.Read, v.ReadBytes, restored)
	return nil
}

// show lists what was found before.
func (b *backupVerifying) show(ctx context.Context, w io.Writer, s *repository.Repository) error {
	list, err := backup.Verifications(ctx, s)
	if err != nil {
		return err
	}
	if b.format == "json" {
		return json.NewEncoder(w).Encode(list)
	}
	shown := table.NewWriter()
	shown.SetStyle(table.StyleLight)
	shown.Style().Format.Header = text.FormatDefault
	shown.AppendHeader(table.Row{"verification", "level", "started", "seconds", "backups", "objects", "read", "restored", "result"})
	for i := range list {
		v := &list[i]
		result := "ok"
		if n := len(v.Damage); n > 0 {
			result = fmt.Sprintf("%d damaged: %s", n, v.Damage[0].Error())
		}
		shown.AppendRow(table.Row{
			v.ID, v.Level, v.Started.Format("2006-01-02 15:04:05"), fmt.Sprintf("%.1f", v.Finished.Sub(v.Started).Seconds()), v.Backups, v.Objects, v.Read, v.Restored, result,
		})
	}
	fmt.Fprintln(w, shown.Render())
	return nil
}
