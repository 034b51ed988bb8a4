package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"redoubt/backup/catalog"
	"redoubt/backup/lease"
	"redoubt/backup/prune"
	"redoubt/backup/retention"
)

func backupPolicyCommand() *cobra.Command {
	var p retention.Policy
	window, maxAge, none := "", "", false
	c := &cobra.Command{
		Use: "policy", Short: "Say how much a repository keeps, or show it", Args: cobra.NoArgs,
		Long: "Say how much a repository keeps, or, without flags, show it. The policy lies in the repository. Rules that are said together\n" +
			"hold together; what is not said is no rule any more. Nothing is deleted until redoubt backup expire.",
		Example: "  redoubt backup policy --repo file:///backup --redundancy 2 --window 7d --monthly 12",
	}
	flags := c.Flags()
	flags.IntVar(&p.Redundancy, "redundancy", 0, "the newest so many backups, and the log from the oldest of them on")
	flags.StringVar(&window, "window", "", "every commit of so long ago and later, as 7d or 36h")
	flags.IntVar(&p.Hourly, "hourly", 0, "the last backup of each of the newest so many hours that have one")
	flags.IntVar(&p.Daily, "daily", 0, "so for days")
	flags.IntVar(&p.Weekly, "weekly", 0, "so for weeks")
	flags.IntVar(&p.Monthly, "monthly", 0, "so for months")
	flags.IntVar(&p.Yearly, "yearly", 0, "so for years")
	flags.StringVar(&maxAge, "max-age", "", "nothing older stays for redundancy and counts; alone, everything younger stays")
	flags.IntVar(&p.MinRedundancy, "min-redundancy", 0, "so many usable backups stay, whoever deletes; at least 1")
	flags.BoolVar(&none, "none", false, "everything stays")
	format := listingFormat(c)
	open := repositoryFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		changed := none
		for _, name := range []string{"redundancy", "window", "hourly", "daily", "weekly", "monthly", "yearly", "max-age", "min-redundancy"} {
			changed = changed || flags.Changed(name)
		}
		s, err := open()
		if err != nil {
			return err
		}
		if changed {
			if none {
				p, window, maxAge = retention.Policy{}, "", ""
			}
			for text, into := range map[string]*retention.Span{window: &p.Window, maxAge: &p.MaxAge} {
				if text == "" {
					continue
				}
				if *into, err = retention.ParseSpan(text); err != nil {
					return err
				}
			}
			return lease.With(c.Context(), s, lease.Use, "redoubt backup policy", waiting(c), func(ctx context.Context) error { return catalog.SetPolicy(ctx, s, &p) })
		}
		k, err := catalog.Load(c.Context(), s, time.Now())
		if err != nil {
			return err
		}
		l := newListing("policy")
		l.add(k.Policy.String())
		return l.print(c, *format)
	}
	return c
}

func backupExpireCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "expire", Short: "Delete what the policy does not need: backups, and log", Args: cobra.NoArgs,
		Long: "Delete what the repository's policy does not need: backups, files that only they have, and log that leads to nothing that is\n" +
			"kept. Before anything goes, the search for a way is run for every promised point, on what there is and on what would remain.\n" +
			"--dry-run shows what would go, why the rest stays, and the proof.",
	}
	return pruneCommand(c, "expire", func(*cobra.Command, []string) (planner, error) { return prune.Obsolete, nil })
}

func backupDeleteCommand() *cobra.Command {
	expired, obsolete, force := false, false, false
	c := &cobra.Command{
		Use: "delete [ID …]", Short: "Delete backups by hand",
		Long: "Delete backups by their ids, or all that are EXPIRED or OBSOLETE. A backup that others need stays unless they go, too; the\n" +
			"newest usable one always stays, and with a policy more. The log stays: redoubt backup expire deletes what nothing needs.",
	}
	c.Flags().BoolVar(&expired, "expired", false, "all of which something is missing in the repository")
	c.Flags().BoolVar(&obsolete, "obsolete", false, "all that the policy does not need")
	c.Flags().BoolVar(&force, "force", false, "even if points that the policy promises can no longer be reached")
	return pruneCommand(c, "delete", func(c *cobra.Command, args []string) (planner, error) {
		if len(args) == 0 && !expired && !obsolete {
			return nil, errors.New("say which: ids, --expired or --obsolete")
		}
		return func(k *catalog.Catalog) (*prune.Plan, error) {
			ids := map[string]bool{}
			for _, id := range args {
				e, err := k.Find(id)
				if err != nil {
					return nil, err
				}
				ids[e.ID] = true
			}
			for i := range k.Entries {
				e := &k.Entries[i]
				if expired && e.State == catalog.Expired && e.Marks.Hand(k.Loaded) == "" || obsolete && e.State == catalog.Obsolete {
					ids[e.ID] = true
				}
			}
			return prune.Delete(k, ids, force)
		}, nil
	})
}

type planner = func(*catalog.Catalog) (*prune.Plan, error)

// pruneCommand is a command that deletes, or only tells what it would.
func pruneCommand(c *cobra.Command, verb string, plan func(*cobra.Command, []string) (planner, error)) *cobra.Command {
	dry := false
	c.Flags().BoolVar(&dry, "dry-run", false, "only tell")
	open := repositoryFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		planner, err := plan(c, args)
		if err != nil {
			return err
		}
		s, err := open()
		if err != nil {
			return err
		}
		ctx, stop := untilStopped(c.Context())
		defer stop()
		var k *catalog.Catalog
		p, err := prune.Run(ctx, s, prune.Options{What: "redoubt backup " + verb, Now: time.Now, Waiting: waiting(c)}, dry, func(known *catalog.Catalog) (*prune.Plan, error) {
			k = known
			return planner(known)
		})
		if err != nil {
			return err
		}
		printPlan(c, k, p, dry)
		return nil
	}
	return c
}

// printPlan tells what goes, why the rest stays, and that nothing promised is lost.
func printPlan(c *cobra.Command, k *catalog.Catalog, p *prune.Plan, dry bool) {
	w := c.OutOrStdout()
	verb := "deleted"
	if dry {
		verb = "would delete"
	}
	fmt.Fprintf(w, "policy: %s\n", &k.Policy)
	going := map[string]bool{}
	for i := range p.Backups {
		e := &p.Backups[i]
		going[e.ID] = true
		fmt.Fprintf(w, "%s backup %s, SCN %d of %s\n", verb, e.ID, e.SCN, micros(e.TimeMicros).UTC().Format(time.DateTime))
	}
	for i := range k.Entries {
		if e := &k.Entries[i]; !going[e.ID] {
			fmt.Fprintf(w, "stays %s, SCN %d of %s: %s\n", e.ID, e.SCN, micros(e.TimeMicros).UTC().Format(time.DateTime), strings.Join(p.Verdict(e.ID), "; "))
		}
	}
	fmt.Fprintf(w, "%s %d backups, %d files and %d pieces of log, %s\n", verb, len(p.Backups), len(p.Files), len(p.Pieces), bytesText(p.Bytes()))
	for _, kept := range p.Proof {
		reach := "every one can be reached"
		if n := len(kept.Unreachable); n > 0 {
			reach = fmt.Sprintf("SCN %d to %d could not be reached before either", kept.Unreachable[0].After+1, kept.Unreachable[0].To)
			if n > 1 {
				reach += fmt.Sprintf(", and %d more ranges", n-1)
			}
		}
		fmt.Fprintf(w, "proven: SCN %d to %d of incarnation %d (%s): %s\n", kept.SCNs.After+1, kept.SCNs.To, kept.Incarnation, kept.By, reach)
	}
}
