package main

import (
	"errors"

	"github.com/spf13/cobra"
)

// noDump is why a node cannot be asked for a dump.
const noDump = "a node does not give its log as it is: redoubt log mine shows its changes; dump needs its directory (--data) or repository (--repo)"

func logDumpCommand() *cobra.Command {
	var s logSource
	format := ""
	c := &cobra.Command{
		Use:   "dump",
		Short: "Print transactions just as they are in the log",
		Long: "Print transactions just as they are in the log, one a line: tables and columns by their ids, the dictionary and what\n" +
			"each relied on included. It needs the log alone, not the state; mine shows changes as people know them.",
		Args: cobra.NoArgs,
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := s.check(noDump); err != nil {
			return err
		}
		ctx, stop := whileWanted(c.Context())
		defer stop()
		o, err := s.open(ctx, c.ErrOrStderr(), false)
		if err != nil {
			return err
		}
		for r, err := range o.Records(ctx, s.from, s.to) {
			var line []byte
			if err == nil {
				line, err = r.JSON()
			}
			if err == nil {
				_, err = c.OutOrStdout().Write(line)
			}
			if err != nil {
				return errors.Join(err, o.Close())
			}
		}
		return o.Close()
	}
	s.flags(c)
	formatFlag(c, &format, "json")
	return c
}
