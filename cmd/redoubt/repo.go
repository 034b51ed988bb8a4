package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"redoubt/backup/catalog"
	"redoubt/backup/lease"
	"redoubt/backup/prune"
)

func repoCommand() *cobra.Command {
	c := &cobra.Command{Use: "repo", Short: "A repository itself: check it, repair it"}
	c.AddCommand(repoCheckCommand(), repoRepairCommand())
	return c
}

func findingsOf(list []prune.Finding) *listing {
	l := newListing("finding", "object", "#bytes", "problem", "what")
	for _, f := range list {
		problem := "no"
		if f.Problem {
			problem = "yes"
		}
		l.add(f.Kind, f.Object, f.Bytes, problem, f.Text)
	}
	return l
}

func repoCheckCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "check", Short: "Look through a repository for what is lost, damaged or left over", Args: cobra.NoArgs,
		Long: "Look through a repository: whether each manifest can be read and its files are there with their sizes, whether the log of each\n" +
			"incarnation is whole, and what interrupted work has left. It reads no content: that is redoubt backup verify. It fails if\n" +
			"something is lost or damaged; leftovers are told, and are none of that.",
	}
	format := listingFormat(c)
	open := repositoryFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		s, err := open()
		if err != nil {
			return err
		}
		objects, err := s.Base().List(c.Context(), "")
		if err != nil {
			return err
		}
		if len(objects) == 0 {
			return fmt.Errorf("there is no repository at %s: nothing was ever written there", s)
		}
		list, err := prune.Check(c.Context(), s, time.Now())
		if err != nil {
			return err
		}
		if err := findingsOf(list).print(c, *format); err != nil {
			return err
		}
		problems := 0
		for _, f := range list {
			if f.Problem {
				problems++
			}
		}
		if problems > 0 {
			return fmt.Errorf("the check found %d problems: redoubt repo repair does what can be done", problems)
		}
		return nil
	}
	return c
}

func repoRepairCommand() *cobra.Command {
	forget := false
	c := &cobra.Command{
		Use: "repair", Short: "Set aside what is damaged, finish what was interrupted, remove what is left over", Args: cobra.NoArgs,
		Long: "Set damaged manifests aside, in the folder quarantine, or put them back from the repository's copy of its catalog; finish\n" +
			"interrupted deletions; remove files that no manifest names, and half written ones. While a manifest lies in quarantine no file\n" +
			"is removed: it may be one that the manifest names. It waits for nobody: if the repository is in use, it says by whom.",
	}
	c.Flags().BoolVar(&forget, "forget", false, "give up what lies in quarantine, and remove the files that only it may name")
	format := listingFormat(c)
	open := repositoryFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		s, err := open()
		if err != nil {
			return err
		}
		ctx, stop := untilStopped(c.Context())
		defer stop()
		done, err := prune.Repair(ctx, s, prune.Options{What: "redoubt repo repair", Now: time.Now, Waiting: waiting(c)}, forget)
		return errors.Join(findingsOf(done).print(c, *format), err)
	}
	return c
}

func catalogFamily() *cobra.Command {
	c := &cobra.Command{Use: "catalog", Short: "What a repository has: rebuild, export, import"}
	c.AddCommand(catalogRebuildCommand(), catalogExportCommand(), catalogImportCommand())
	return c
}

func catalogRebuildCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "rebuild", Short: "Read all of a repository, and write its copy of the catalog anew", Args: cobra.NoArgs,
		Long: "Read all of a repository, and write its copy of the catalog anew. Nothing depends on the copy: states, ways and what is\n" +
			"obsolete are found from the objects themselves each time. redoubt repo repair puts damaged manifests back from it.",
	}
	format := listingFormat(c)
	open := repositoryFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		s, err := open()
		if err != nil {
			return err
		}
		var k *catalog.Catalog
		err = lease.With(c.Context(), s, lease.Use, "redoubt catalog rebuild", waiting(c), func(ctx context.Context) (err error) {
			if k, err = catalog.Load(ctx, s, time.Now()); err != nil {
				return err
			}
			if len(k.Damaged) > 0 {
				return fmt.Errorf("manifest %s cannot be read (%w): the copy stays as it is, and redoubt repo repair puts the manifest back from it", k.Damaged[0].Object, k.Damaged[0].Err)
			}
			return k.WriteCopy(ctx, s)
		})
		if err != nil {
			return err
		}
		l := newListing("#backups", "#available", "#pieces", "#incarnations", "#files", "policy")
		available := 0
		for i := range k.Entries {
			if k.Entries[i].Problem == "" {
				available++
			}
		}
		l.add(len(k.Entries), available, len(k.Pieces), len(k.Map.Incarnations()), len(k.Files), k.Policy.String())
		return l.print(c, *format)
	}
	return c
}

func catalogExportCommand() *cobra.Command {
	file := ""
	c := &cobra.Command{Use: "export", Short: "Write manifests, marks, incarnations and policy as one document", Args: cobra.NoArgs}
	c.Flags().StringVar(&file, "file", "", "where to; without it, to the standard output")
	return catalogCommand(c, func(c *cobra.Command, k *catalog.Catalog, _ []string) error {
		if file == "" {
			return writeCopy(c.OutOrStdout(), k)
		}
		f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		return errors.Join(writeCopy(f, k), f.Sync(), f.Close())
	})
}

func writeCopy(w io.Writer, k *catalog.Catalog) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(k.Copy())
}

func catalogImportCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "import FILE", Short: "Put back what a repository has lost and an export has", Args: cobra.ExactArgs(1),
		Long: "Put back manifests that are not there, or damaged, if their files are there; marks, incarnations and the policy, where the\n" +
			"repository has none. What it has stays as it is.",
	}
	open := repositoryFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		f, err := os.Open(args[0])
		if err != nil {
			return err
		}
		defer f.Close()
		from, err := catalog.ReadCopy(f)
		if err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
		s, err := open()
		if err != nil {
			return err
		}
		var in catalog.Imported
		err = lease.With(c.Context(), s, lease.Use, "redoubt catalog import", waiting(c), func(ctx context.Context) error {
			k, err := catalog.Load(ctx, s, time.Now())
			if err == nil {
				in, err = k.Import(ctx, s, from)
			}
			return err
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(c.OutOrStdout(), "put back: %d manifests, %d marks, %d incarnations, policy: %v\n", in.Manifests, in.Marks, in.Branches, in.Policy)
		for _, left := range in.Left {
			fmt.Fprintln(c.OutOrStdout(), "left alone:", left)
		}
		return nil
	}
	return c
}
