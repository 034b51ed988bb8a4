package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"redoubt/node"
)

func failoverCommand() *cobra.Command {
	data, confirm := "", false
	c := &cobra.Command{
		Use:   "failover --data DIR --confirm",
		Short: "Go on from one node's directory after the loss of more than half of a cluster",
		Long: "While more than half of the nodes that vote are there, the others elect a leader by themselves, or with failover = observe by\n" +
			"redoubt switchover NODE, and this is not needed. If they are lost for ever, this makes the directory of a node that is left, and does\n" +
			"not run, a database of its own: it has what that node's log has. Commits that only the lost nodes had are lost; at the end of the log\n" +
			"there may be some that nobody was told about. The lost nodes must never come back as what they were; they may join anew with empty\n" +
			"directories. Take the node with the highest SCN: without --confirm the command only tells it.",
		Args: cobra.NoArgs,
	}
	c.Flags().StringVar(&data, "data", "", "data directory of the node")
	c.Flags().BoolVar(&confirm, "confirm", false, "do it")
	if err := c.MarkFlagRequired("data"); err != nil {
		panic(err)
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		r, err := node.Failover(c.Context(), data, confirm)
		if err != nil {
			return fmt.Errorf("failover: %w", err)
		}
		out := c.OutOrStdout()
		if len(r.Others) > 0 {
			fmt.Fprintf(out, "nodes that are given up: %s\n", strings.Join(r.Others, ", "))
		}
		if !confirm {
			fmt.Fprintf(out, "This node has everything up to SCN %d. What others acknowledged behind that would be lost.\n", r.SCN)
			return errors.New("nothing was done: say --confirm, once the other nodes are lost for ever and no node has a higher SCN")
		}
		fmt.Fprintf(out, "The database goes on from SCN %d, committed %s, as incarnation %d. Commits behind it that others acknowledged are lost.\n",
			r.SCN, time.UnixMicro(r.TimeMicros).UTC().Format("2006-01-02 15:04:05.000000"), r.Incarnation)
		return nil
	}
	return c
}
