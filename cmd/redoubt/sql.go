package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"redoubt/internal/shell"
)

func sqlCommand() *cobra.Command {
	var execute []string
	c := &cobra.Command{
		Use:   "sql",
		Short: "A shell for SQL",
		Long: "A shell for SQL. With -e it runs the statements and exits; without a terminal it runs what comes on standard\n" +
			"input and stops with exit code 1 at the first error. The password is taken from the environment variable\n" +
			"REDOUBT_PASSWORD; if it is needed and not there, the terminal is asked for it.",
		Args: cobra.NoArgs,
	}
	options := clientFlags(c)
	c.Flags().StringArrayVarP(&execute, "execute", "e", nil, "statements to run; may be given more than once")
	c.RunE = func(c *cobra.Command, _ []string) error {
		o, err := options()
		if err != nil {
			return err
		}
		o.Execute = strings.Join(execute, ";\n")
		if isTerminal(o.In) {
			o.Interactive = len(execute) == 0
			if home, err := os.UserHomeDir(); err == nil {
				o.HistoryFile = filepath.Join(home, ".redoubt_history")
			}
		}
		return shell.Run(c.Context(), o)
	}
	return c
}
