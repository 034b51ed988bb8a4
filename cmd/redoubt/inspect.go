package main

import (
	"github.com/spf13/cobra"

	"redoubt/node"
)

func inspectCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "inspect FILE",
		Short: "Print what is in a file of a data directory",
		Long: "Print what is in a file of a data directory, whatever its kind. It never writes, reads past damage, says where\n" +
			"the damage is, and exits with 1 if there is any.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return node.Inspect(args[0], c.OutOrStdout()) },
	}
}
