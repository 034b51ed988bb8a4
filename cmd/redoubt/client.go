package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"redoubt/internal/shell"
)

// clientFlags adds the flags of a command that talks to a node, and gives what makes its options when the command runs.
func clientFlags(c *cobra.Command) func() (shell.Options, error) {
	format, database := "", ""
	login := loginFlags(c, "user", "127.0.0.1:3307")
	c.Flags().StringVar(&database, "database", "", "database to begin in")
	c.Flags().StringVar(&format, "format", "table", "form of the results: table, json, csv or tsv")
	return func() (o shell.Options, err error) {
		if o, err = login(); err != nil {
			return o, err
		}
		o.Database = database
		o.Format, err = shell.ParseFormat(format)
		return o, err
	}
}

// loginFlags adds the flags that say which node a command talks to, and as whom, which is a flag of the given name.
func loginFlags(c *cobra.Command, user, addr string) func() (shell.Options, error) {
	o := &shell.Options{}
	c.Flags().StringVar(&o.Addr, "addr", addr, "address of a node, HOST:PORT")
	return userFlag(c, user, o)
}

// intoFlags adds the flags of a command that writes into a node.
func intoFlags(c *cobra.Command) func() (shell.Options, error) {
	o := &shell.Options{}
	c.Flags().StringVar(&o.Addr, "into", "", "address of the node that gets it, HOST:PORT")
	return userFlag(c, "user", o)
}

func userFlag(c *cobra.Command, user string, o *shell.Options) func() (shell.Options, error) {
	c.Flags().StringVar(&o.User, user, "root", "user; the password is taken from REDOUBT_PASSWORD or asked for")
	return func() (shell.Options, error) {
		o.In, o.Out, o.Err = c.InOrStdin(), c.OutOrStdout(), c.ErrOrStderr()
		o.Password = os.Getenv("REDOUBT_PASSWORD")
		if isTerminal(o.In) {
			o.Color = true
			o.AskPassword = func() (string, error) {
				fmt.Fprint(o.Err, "Password: ")
				defer fmt.Fprintln(o.Err)
				b, err := term.ReadPassword(int(os.Stdin.Fd()))
				return string(b), err
			}
		}
		return *o, nil
	}
}

// isTerminal tells whether the standard input is what a command reads, and is a terminal.
func isTerminal(in io.Reader) bool {
	return in == os.Stdin && term.IsTerminal(int(os.Stdin.Fd()))
}
