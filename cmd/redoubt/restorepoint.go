package main

import (
	"github.com/spf13/cobra"

	"redoubt/internal/shell"
)

// statementCommand is a command that runs one statement.
func statementCommand(c *cobra.Command, statement func(args []string) (string, error)) *cobra.Command {
	options := clientFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		o, err := options()
		if err != nil {
			return err
		}
		if o.Execute, err = statement(args); err != nil {
			return err
		}
		return shell.Run(c.Context(), o)
	}
	return c
}

func restorePointCommand() *cobra.Command {
	c := &cobra.Command{Use: "restore-point", Short: "Names for points in the past"}
	c.AddCommand(
		restorePointCreateCommand(), restorePointDropCommand(),
		statementCommand(&cobra.Command{Use: "list", Short: "List restore points", Args: cobra.NoArgs}, func([]string) (string, error) {
			return "SHOW RESTORE POINTS", nil
		}),
	)
	return c
}

func restorePointCreateCommand() *cobra.Command {
	var p point
	description, guarantee := "", false
	c := &cobra.Command{Use: "create NAME", Short: "Give a name to now, or to a point in the past", Args: cobra.ExactArgs(1)}
	c.Flags().Uint64Var(&p.scn, "scn", 0, "the SCN; without it and --time it is now")
	c.Flags().StringVar(&p.time, "time", "", "the time, 'YYYY-MM-DD hh:mm:ss', in UTC")
	c.Flags().StringVar(&description, "description", "", "what it is for")
	c.Flags().BoolVar(&guarantee, "guarantee", false, "hold the history from there on until it is dropped")
	c.MarkFlagsMutuallyExclusive("scn", "time")
	return statementCommand(c, func(args []string) (string, error) {
		statement := "CREATE RESTORE POINT " + identifier(args[0])
		if p != (point{}) {
			at, err := p.sql()
			if err != nil {
				return "", err
			}
			statement += " AS OF " + at
		}
		if guarantee {
			statement += " GUARANTEE FLASHBACK DATABASE"
		}
		if description != "" {
			statement += " DESCRIPTION " + quoted(description)
		}
		return statement, nil
	})
}

func restorePointDropCommand() *cobra.Command {
	var a acting
	c := &cobra.Command{Use: "drop NAME", Short: "Drop a restore point", Args: cobra.ExactArgs(1)}
	a.flags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		return a.run(c, "SELECT * FROM V$RESTORE_POINT WHERE name = "+quoted(args[0]), "DROP RESTORE POINT "+identifier(args[0]))
	}
	return c
}

func recycleBinCommand() *cobra.Command {
	c := &cobra.Command{Use: "recyclebin", Short: "What was dropped and can come back"}
	c.AddCommand(
		statementCommand(&cobra.Command{Use: "list", Short: "List what was dropped", Args: cobra.NoArgs}, func([]string) (string, error) {
			return "SHOW RECYCLEBIN", nil
		}),
		recycleBinRestoreCommand(), recycleBinPurgeCommand(),
	)
	return c
}

func recycleBinRestoreCommand() *cobra.Command {
	var a acting
	p, schema := point{drop: true}, false
	c := &cobra.Command{Use: "restore NAME", Short: "Bring a table back, or a schema", Args: cobra.ExactArgs(1)}
	a.flags(c)
	c.Flags().StringVar(&p.name, "rename", "", "its new name")
	c.Flags().BoolVar(&schema, "schema", false, "NAME is a schema")
	c.RunE = func(c *cobra.Command, args []string) error {
		return flashback(c, &a, &p, false, binObject(args[0], schema), nil)
	}
	return c
}

func recycleBinPurgeCommand() *cobra.Command {
	var a acting
	schema := false
	c := &cobra.Command{Use: "purge [NAME]", Short: "Empty the recycle bin, or take one thing out of it", Args: cobra.MaximumNArgs(1)}
	a.flags(c)
	c.Flags().BoolVar(&schema, "schema", false, "NAME is a schema")
	c.RunE = func(c *cobra.Command, args []string) error {
		statement := "PURGE RECYCLEBIN"
		if len(args) == 1 {
			statement = "PURGE " + binObject(args[0], schema)
		}
		return a.run(c, "SHOW RECYCLEBIN", statement)
	}
	return c
}

func binObject(name string, schema bool) string {
	if schema {
		return "SCHEMA " + identifier(name)
	}
	return "TABLE " + tableIdentifier(name)
}
