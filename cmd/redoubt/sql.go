package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"redoubt/internal/shell"
)

func sqlCommand() *cobra.Command {
	o, format := shell.Options{}, ""
	c := &cobra.Command{
		Use:   "sql",
		Short: "A shell for SQL",
		Long: "A shell for SQL. With -e it runs the statements and exits; without a terminal it runs what comes on standard\n" +
			"input and stops with exit code 1 at the first error. The password is taken from the environment variable\n" +
			"REDOUBT_PASSWORD; if it is needed and not there, the terminal is asked for it.",
		Args: cobra.NoArgs,
	}
	c.Flags().StringVar(&o.Addr, "addr", "127.0.0.1:3307", "address of a node, HOST:PORT")
	c.Flags().StringVar(&o.User, "user", "root", "user")
	c.Flags().StringVar(&o.Database, "database", "", "database to begin in")
	c.Flags().StringVarP(&o.Execute, "execute", "e", "", "statements to run")
	c.Flags().StringVar(&format, "format", "table", "form of the results: table, json, csv or tsv")
	c.RunE = func(c *cobra.Command, _ []string) error {
		var err error
		if o.Format, err = shell.ParseFormat(format); err != nil {
			return err
		}
		o.In, o.Out, o.Err = c.InOrStdin(), c.OutOrStdout(), c.ErrOrStderr()
		o.Password = os.Getenv("REDOUBT_PASSWORD")
		if isTerminal(o.In) {
			o.AskPassword = func() (string, error) {
				fmt.Fprint(o.Err, "Password: ")
				defer fmt.Fprintln(o.Err)
				b, err := term.ReadPassword(int(os.Stdin.Fd()))
				return string(b), err
			}
			o.Interactive, o.Color = o.Execute == "", true
			if home, err := os.UserHomeDir(); err == nil {
				o.HistoryFile = filepath.Join(home, ".redoubt_history")
			}
		}
		return shell.Run(c.Context(), o)
	}
	return c
}

// isTerminal tells whether the standard input is what the shell reads, and is a terminal.
func isTerminal(in io.Reader) bool {
	return in == os.Stdin && term.IsTerminal(int(os.Stdin.Fd()))
}
