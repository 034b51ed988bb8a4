package main

import (
	"bytes"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"redoubt/internal/report"
	"redoubt/internal/shell"
)

// clearScreen puts the cursor into the corner and clears what is behind it.
const clearScreen = "\x1b[H\x1b[2J"

func topCommand() *cobra.Command {
	once, every := false, time.Duration(0)
	c := &cobra.Command{
		Use: "top", Short: "What goes on now: load, statements, sessions, who blocks whom", Args: cobra.NoArgs,
	}
	login := loginFlags(c, "user", "127.0.0.1:3307")
	c.Flags().BoolVar(&once, "once", false, "print it once and end")
	c.Flags().DurationVar(&every, "every", 2*time.Second, "time between two looks")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if every <= 0 {
			return fmt.Errorf("--every %s: want a duration, as in 2s", every)
		}
		o, err := login()
		if err != nil {
			return err
		}
		ctx, stop := untilStopped(c.Context())
		defer stop()
		conn, closeConn, err := shell.Connect(ctx, o)
		if err != nil {
			return err
		}
		defer closeConn()
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			var page bytes.Buffer
			if err := report.Top(ctx, conn, &page, time.Now()); err != nil {
				if ctx.Err() != nil {
					return nil
				}
				return err
			}
			if once {
				_, err := c.OutOrStdout().Write(page.Bytes())
				return err
			}
			if _, err := fmt.Fprint(c.OutOrStdout(), clearScreen, page.String()); err != nil {
				return err
			}
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return nil
			}
		}
	}
	return c
}
