package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"redoubt/backup/catalog"
	"redoubt/backup/lease"
	"redoubt/backup/path"
	"redoubt/backup/retention"
)

// catalogCommand is a command that looks into a repository.
func catalogCommand(c *cobra.Command, run func(c *cobra.Command, k *catalog.Catalog, args []string) error) *cobra.Command {
	open := repositoryFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		s, err := open()
		if err != nil {
			return err
		}
		k, err := catalog.Load(c.Context(), s, time.Now())
		if err != nil {
			return err
		}
		for _, note := range k.Notes {
			fmt.Fprintln(c.ErrOrStderr(), "note:", note)
		}
		return run(c, k, args)
	}
	return c
}

func backupListCommand() *cobra.Command {
	c := &cobra.Command{Use: "list", Short: "List the backups of a repository, with their states", Args: cobra.NoArgs}
	format := listingFormat(c)
	return catalogCommand(c, func(c *cobra.Command, k *catalog.Catalog, _ []string) error {
		l := newListing("backup", "kind", "#incarnation", "#scn", "time", "#files", "#bytes", "state", "keep", "tag", "node")
		for i := range k.Entries {
			e := &k.Entries[i]
			l.add(e.ID, string(e.Kind), e.Incarnation, e.SCN, micros(e.TimeMicros), len(e.Files), e.Bytes(), string(e.State), e.Marks.Hand(k.Loaded), e.Tag(), e.Node)
		}
		return l.print(c, *format)
	})
}

func backupShowCommand() *cobra.Command {
	c := &cobra.Command{Use: "show ID", Short: "Show all that is known of a backup", Args: cobra.ExactArgs(1)}
	format := listingFormat(c)
	return catalogCommand(c, func(c *cobra.Command, k *catalog.Catalog, args []string) error {
		e, err := k.Find(args[0])
		if err != nil {
			return err
		}
		l := newListing("what", "value")
		for _, row := range [][2]any{
			{"backup", e.ID},
			{"kind", string(e.Kind)},
			{"base", e.Base},
			{"state", string(e.State)},
			{"problem", e.Problem},
			{"stays because", strings.Join(e.Reasons, "; ")},
			{"tag", e.Tag()},
			{"keep", e.Marks.Hand(k.Loaded)},
			{"incarnation", e.Incarnation},
			{"scn", e.SCN},
			{"time", micros(e.TimeMicros)},
			{"state hash", e.StateHash},
			{"log in the repository from SCN", e.LogAfter + 1},
			{"files", len(e.Files)},
			{"bytes", e.Bytes()},
			{"started", e.Started},
			{"finished", e.Finished},
			{"node", e.Node},
			{"made by", e.Version},
			{"database", e.DatabaseID},
		} {
			l.add(row[0], row[1])
		}
		if way, err := k.Map.Find(path.Point{Incarnation: e.Incarnation, SCN: e.SCN}); err == nil {
			l.add("a recovery to it", wayText(way))
		} else {
			l.add("a recovery to it", err.Error())
		}
		return l.print(c, *format)
	})
}

// wayText tells a path.
func wayText(w *path.Path) string {
	from := "from the first commit"
	if w.Base != nil {
		from = fmt.Sprintf("from backup %s at SCN %d", w.Base.ID, w.Base.SCN)
	}
	return fmt.Sprintf("%s, %d pieces of log, %s, about %s", from, len(w.Log), bytesText(w.LogBytes()), roundUp(w.Time))
}

// roundUp is a predicted time without figures that nobody can know.
func roundUp(d time.Duration) time.Duration {
	unit := time.Second
	if d > time.Hour {
		unit = time.Minute
	}
	return (d + unit - 1).Truncate(unit)
}

func backupCrosscheckCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "crosscheck", Short: "Compare what manifests name with what is in the repository", Args: cobra.NoArgs,
		Long: "Compare what manifests name with what is in the repository. A backup of which something is missing is EXPIRED; one whose files\n" +
			"have other sizes, or which a verification found damaged, is CORRUPTED. States are found anew whenever a repository is\n" +
			"read; this command shows all of them, and fails if any backup cannot be used.",
	}
	format := listingFormat(c)
	return catalogCommand(c, func(c *cobra.Command, k *catalog.Catalog, _ []string) error {
		l := newListing("backup", "state", "#files", "#missing", "problem")
		bad := 0
		for i := range k.Entries {
			e := &k.Entries[i]
			missing := 0
			for j := range e.Files {
				if _, there := k.Files[e.Files[j].Object()]; !there {
					missing++
				}
			}
			if e.State == catalog.Expired || e.State == catalog.Corrupted {
				bad++
			}
			l.add(e.ID, string(e.State), len(e.Files), missing, e.Problem)
		}
		err := l.print(c, *format)
		if err == nil && bad > 0 {
			err = fmt.Errorf("%d of %d backups cannot be used", bad, len(k.Entries))
		}
		return err
	})
}

func backupChangeCommand() *cobra.Command {
	var unavailable, available, keepForever, keepNot bool
	var keepUntil, tag string
	c := &cobra.Command{Use: "change ID", Short: "Say something of a backup: keep it, do not use it, call it something", Args: cobra.ExactArgs(1)}
	c.Flags().BoolVar(&unavailable, "unavailable", false, "recoveries pass it over, and retention does not count it")
	c.Flags().BoolVar(&available, "available", false, "it can be used again, whatever was said or found before")
	c.Flags().StringVar(&keepUntil, "keep-until", "", "no policy deletes it before: a time, 'YYYY-MM-DD hh:mm:ss' in UTC, or a length from now, 90d")
	c.Flags().BoolVar(&keepForever, "keep-forever", false, "no policy ever deletes it")
	c.Flags().BoolVar(&keepNot, "no-keep", false, "the policy decides")
	c.Flags().StringVar(&tag, "tag", "", "what it is called")
	c.MarkFlagsMutuallyExclusive("unavailable", "available")
	c.MarkFlagsMutuallyExclusive("keep-until", "keep-forever", "no-keep")
	c.MarkFlagsOneRequired("unavailable", "available", "keep-until", "keep-forever", "no-keep", "tag")
	open := repositoryFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		until, err := parseUntil(keepUntil, time.Now())
		if err != nil {
			return err
		}
		s, err := open()
		if err != nil {
			return err
		}
		return lease.With(c.Context(), s, lease.Use, "redoubt backup change", waiting(c), func(ctx context.Context) error {
			k, err := catalog.Load(ctx, s, time.Now())
			if err != nil {
				return err
			}
			e, err := k.Find(args[0])
			if err != nil {
				return err
			}
			return catalog.Mark(ctx, s, e.ID, func(m *catalog.Marks) {
				switch {
				case unavailable:
					m.Unavailable = true
				case available:
					m.Unavailable, m.Corrupted = false, ""
				}
				if keepUntil != "" || keepForever || keepNot {
					m.KeepUntil, m.KeepForever = until, keepForever
				}
				if c.Flags().Changed("tag") {
					m.Tag = &tag
				}
			})
		})
	}
	return c
}

// parseUntil reads a time, or a length from now on.
func parseUntil(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateTime, time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	span, err := retention.ParseSpan(text)
	if err != nil {
		return time.Time{}, fmt.Errorf("--keep-until %s: write 'YYYY-MM-DD hh:mm:ss' in UTC, or a length of time as 90d", text)
	}
	return now.Add(time.Duration(span)).UTC().Truncate(time.Second), nil
}

// waiting tells that a lease is in the way, and that its holder may be dead.
func waiting(c *cobra.Command) lease.Waiting {
	return func(h *lease.Holder) {
		fmt.Fprintf(c.ErrOrStderr(), "the repository is in use: %s; looking whether it is alive, for %s at most\n", h, lease.DeadAfter)
	}
}
