package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

func snapshotCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "snapshot",
		Short: "The whole database as it is now, kept by hard links",
		Long: "A snapshot is the whole database as of an SCN, in the node's data directory. It links the files that there are, so it takes no\n" +
			"room until they change. Clones are made from it.",
	}
	description := ""
	create := &cobra.Command{Use: "create NAME", Short: "Make a snapshot", Args: cobra.ExactArgs(1)}
	create.Flags().StringVar(&description, "description", "", "what it is for")
	c.AddCommand(
		statementCommand(create, func(args []string) (string, error) {
			statement := "CREATE SNAPSHOT " + identifier(args[0])
			if description != "" {
				statement += " DESCRIPTION " + quoted(description)
			}
			return statement, nil
		}),
		statementCommand(&cobra.Command{Use: "ls", Short: "List snapshots", Args: cobra.NoArgs}, func([]string) (string, error) {
			return "SELECT * FROM redoubt.V$SNAPSHOT ORDER BY scn, name", nil
		}),
		statementCommand(&cobra.Command{Use: "drop NAME", Short: "Drop a snapshot that has no clones", Args: cobra.ExactArgs(1)}, func(args []string) (string, error) {
			return "DROP SNAPSHOT " + identifier(args[0]), nil
		}),
	)
	return c
}

func cloneCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "clone",
		Short: "Databases made from this one in no time",
		Long: "A clone is a data directory with the database as a snapshot has it, or as of an SCN. It shares files by hard links, and is a\n" +
			"database of its own: redoubt serve --data DIR runs it, and nothing that is done there changes the original.",
	}
	c.AddCommand(
		cloneCreateCommand(),
		statementCommand(&cobra.Command{Use: "ls", Short: "List clones", Args: cobra.NoArgs}, func([]string) (string, error) {
			return "SELECT * FROM redoubt.V$CLONE ORDER BY created, name", nil
		}),
		statementCommand(&cobra.Command{Use: "drop NAME", Short: "Drop a clone, with all that was done there", Args: cobra.ExactArgs(1)}, func(args []string) (string, error) {
			return "DROP CLONE DATABASE " + identifier(args[0]), nil
		}),
	)
	return c
}

func cloneCreateCommand() *cobra.Command {
	snapshot, purpose, expires := "", "", ""
	at := uint64(0)
	c := &cobra.Command{Use: "create NAME", Short: "Make a clone", Args: cobra.ExactArgs(1)}
	c.Flags().StringVar(&snapshot, "snapshot", "", "as this snapshot has it")
	c.Flags().Uint64Var(&at, "scn", 0, "as of an SCN")
	c.Flags().StringVar(&purpose, "purpose", "", "what it is for")
	c.Flags().StringVar(&expires, "expires", "", "time after which it is dropped, unless a node is on it: 30m, 12h or 7d")
	c.MarkFlagsMutuallyExclusive("snapshot", "scn")
	c.MarkFlagsOneRequired("snapshot", "scn")
	return statementCommand(c, func(args []string) (string, error) {
		statement := "CREATE CLONE DATABASE " + identifier(args[0])
		if snapshot != "" {
			statement += " FROM SNAPSHOT " + identifier(snapshot)
		} else {
			statement += fmt.Sprint(" AS OF SCN ", at)
		}
		if purpose != "" {
			statement += " PURPOSE " + quoted(purpose)
		}
		span, err := expiresIn(expires)
		return statement + span, err
	})
}

// expiresIn writes a span of time for CREATE CLONE DATABASE.
func expiresIn(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	for sign, unit := range map[string]string{"m": "MINUTE", "h": "HOUR", "d": "DAY"} {
		if digits, ok := strings.CutSuffix(text, sign); ok {
			if n, err := strconv.ParseUint(digits, 10, 31); err == nil && n > 0 {
				return fmt.Sprintf(" EXPIRES IN %d %s", n, unit), nil
			}
		}
	}
	return "", errors.New("--expires " + text + ": write 30m, 12h or 7d")
}
