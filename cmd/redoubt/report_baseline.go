package main

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"redoubt/internal/report"
	"redoubt/internal/shell"
)

func reportBaselineCommand() *cobra.Command {
	c := &cobra.Command{Use: "baseline", Short: "Windows of snapshots that a node keeps under a name, to compare with: redoubt report awr --against baseline:NAME"}
	ends := report.Ends{}
	create := onNode(&cobra.Command{Use: "create NAME", Short: "Keep the snapshots of a window until the baseline is dropped", Args: cobra.ExactArgs(1)}, func(ctx context.Context, conn *sql.Conn, c *cobra.Command, args []string) error {
		first, last, err := report.Resolve(ctx, conn, ends, time.Now())
		if err != nil {
			return err
		}
		if _, err := conn.ExecContext(ctx, fmt.Sprintf("CALL DBMS_WORKLOAD_REPOSITORY.CREATE_BASELINE(%d, %d, %s)", first, last, quoted(args[0]))); err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.OutOrStdout(), "baseline %s: snapshots %d to %d\n", args[0], first, last)
		return err
	})
	create.Flags().StringVar(&ends.From, "from", "-1h", "beginning of the window, as of redoubt report awr")
	create.Flags().StringVar(&ends.To, "to", "now", "end of the window")
	ls := onNode(&cobra.Command{Use: "ls", Short: "List the baselines of a node", Args: cobra.NoArgs}, func(ctx context.Context, conn *sql.Conn, c *cobra.Command, _ []string) error {
		return report.ListBaselines(ctx, conn, c.OutOrStdout())
	})
	drop := onNode(&cobra.Command{Use: "drop NAME", Short: "Keep the snapshots of a baseline no longer", Args: cobra.ExactArgs(1)}, func(ctx context.Context, conn *sql.Conn, c *cobra.Command, args []string) error {
		if _, err := conn.ExecContext(ctx, "CALL DBMS_WORKLOAD_REPOSITORY.DROP_BASELINE("+quoted(args[0])+")"); err != nil {
			return err
		}
		_, err := fmt.Fprintf(c.OutOrStdout(), "baseline %s is dropped\n", args[0])
		return err
	})
	c.AddCommand(create, ls, drop)
	return c
}

// onNode makes c a command that does something over a connection to a node.
func onNode(c *cobra.Command, do func(ctx context.Context, conn *sql.Conn, c *cobra.Command, args []string) error) *cobra.Command {
	login := loginFlags(c, "user", "127.0.0.1:3307")
	c.RunE = func(c *cobra.Command, args []string) error {
		o, err := login()
		if err != nil {
			return err
		}
		conn, done, err := shell.Connect(c.Context(), o)
		if err != nil {
			return err
		}
		defer done()
		return do(c.Context(), conn, c, args)
	}
	return c
}
