package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"redoubt/internal/report"
	"redoubt/internal/shell"
)

var compareFormats = map[string]func(*report.Comparison, io.Writer) error{"text": (*report.Comparison).Text, "html": (*report.Comparison).HTML}

// baselineWord begins the name of a baseline.
const baselineWord = "baseline:"

// compared lets the report on a window be one on what differs from another window.
func compared(c *cobra.Command, login func() (shell.Options, error), w *reportWindow) *cobra.Command {
	against := report.Ends{}
	c.Flags().StringVar(&against.From, "against-from", "", "beginning of another window that this one is compared with")
	c.Flags().StringVar(&against.To, "against-to", "", "end of the other window")
	named := ""
	c.Flags().StringVar(&named, "against", "", "baseline:NAME, a window that is kept under a name")
	alone := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		switch {
		case against == report.Ends{} && named == "":
			return alone(c, args)
		case against != report.Ends{} && named != "":
			return errors.New("--against: another window is given by it, or by --against-from and --against-to, not by both")
		case named != "" && !strings.HasPrefix(named, baselineWord):
			return fmt.Errorf("--against %s: want baseline:NAME; redoubt report baseline ls lists them", named)
		case named == "" && (against.From == "" || against.To == ""):
			return errors.New("--against-from and --against-to: want both, as in --against-from -25h --against-to -24h")
		case c.Flags().Changed("node"):
			return errors.New("--node: windows are compared of one node at a time: give its address by --addr")
		}
		write := compareFormats[w.format]
		if write == nil {
			return errFormat(w.format)
		}
		o, err := login()
		if err != nil {
			return err
		}
		conn, done, err := shell.Connect(c.Context(), o)
		if err != nil {
			return err
		}
		defer done()
		if name, ok := strings.CutPrefix(named, baselineWord); ok {
			if against, err = report.BaselineEnds(c.Context(), conn, name); err != nil {
				return fmt.Errorf("--against: %w", err)
			}
		}
		r, err := report.CollectComparison(c.Context(), conn, report.Ends{From: w.from, To: w.to}, against, time.Now())
		if err != nil {
			return fmt.Errorf("compare windows: %w", err)
		}
		return write(r, c.OutOrStdout())
	}
	return c
}
