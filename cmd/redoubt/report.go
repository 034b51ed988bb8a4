package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"redoubt/internal/report"
	"redoubt/internal/shell"
)

func reportCommand() *cobra.Command {
	c := &cobra.Command{Use: "report", Short: "Reports of what a node did"}
	c.AddCommand(reportASHCommand(), reportAWRCommand(), reportBaselineCommand())
	return c
}

func reportASHCommand() *cobra.Command {
	c, login, w := reportOf("-15m", &cobra.Command{
		Use: "ash", Short: "What active sessions did and waited for, between two times", Args: cobra.NoArgs,
		Long: "What active sessions did and waited for between two times: load over time, events, statements, who blocked whom.\n" +
			"A time is UTC, as in '2026-01-02 02:10' or 02:10, a time ago as in -15m, an SCN as in scn:1234, or now.\n" +
			"With --node it is of several nodes, with a column for each and sums; one that does not answer is named.",
	}, map[string]func(*report.ASH, io.Writer) error{"text": (*report.ASH).Text, "html": (*report.ASH).HTML}, collectASH)
	return acrossNodes(c, login, w, ashAcross)
}

func collectASH(ctx context.Context, conn *sql.Conn, from, to string, now time.Time) (*report.ASH, error) {
	w, err := windowOf(ctx, conn, from, to, now)
	if err != nil {
		return nil, err
	}
	return report.CollectASH(ctx, conn, w)
}

func windowOf(ctx context.Context, conn *sql.Conn, from, to string, now time.Time) (w report.Window, err error) {
	if w.From, err = report.ParseTime(ctx, conn, from, now); err != nil {
		return w, fmt.Errorf("--from: %w", err)
	}
	if w.To, err = report.ParseTime(ctx, conn, to, now); err != nil {
		return w, fmt.Errorf("--to: %w", err)
	}
	return w, nil
}

func reportAWRCommand() *cobra.Command {
	c, login, w := reportOf("-1h", &cobra.Command{
		Use: "awr", Short: "What a node did between two snapshots of its workload, and what to do about it", Args: cobra.NoArgs,
		Long: "What a node did between two snapshots of its workload: load, waits, statements, changes of plans, log and store, and findings,\n" +
			"each with what it cost and what to do. An end is the number of a snapshot, or a time in UTC as in '2026-01-02 02:10' or 02:10, a time ago as\n" +
			"in -15m, an SCN as in scn:1234, or now: then the snapshots are taken that enclose the window.\n" +
			"With --node it is of several nodes, with a column for each and sums; one that does not answer is named.\n" +
			"With --against-from and --against-to, or --against baseline:NAME, it tells what differs from that other window: statements that became slower or faster come first.",
	}, map[string]func(*report.AWR, io.Writer) error{"text": (*report.AWR).Text, "html": (*report.AWR).HTML}, report.CollectAWR)
	return compared(acrossNodes(c, login, w, awrAcross), login, w)
}

// reportWindow is what a report is asked for: its ends, and its form.
type reportWindow struct{ from, to, format string }

func errFormat(format string) error { return fmt.Errorf("--format %s: want text or html", format) }

// reportOf makes c the command of a report on a window, which is collected from a node and written in one of some formats. It also gives
// what the flags say once the command runs.
func reportOf[R any](
	since string, c *cobra.Command, formats map[string]func(R, io.Writer) error,
	collect func(ctx context.Context, conn *sql.Conn, from, to string, now time.Time) (R, error),
) (*cobra.Command, func() (shell.Options, error), *reportWindow) {
	w := &reportWindow{}
	login := loginFlags(c, "user", "127.0.0.1:3307")
	c.Flags().StringVar(&w.from, "from", since, "beginning of the window")
	c.Flags().StringVar(&w.to, "to", "now", "end of the window")
	c.Flags().StringVar(&w.format, "format", "text", "text or html")
	c.RunE = func(c *cobra.Command, _ []string) error {
		write := formats[w.format]
		if write == nil {
			return errFormat(w.format)
		}
		o, err := login()
		if err != nil {
			return err
		}
		conn, closeConn, err := shell.Connect(c.Context(), o)
		if err != nil {
			return err
		}
		defer closeConn()
		r, err := collect(c.Context(), conn, w.from, w.to, time.Now())
		if err != nil {
			return err
		}
		return write(r, c.OutOrStdout())
	}
	return c, login, w
}
