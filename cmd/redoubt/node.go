package main

import (
	"github.com/spf13/cobra"
)

func nodeCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "node",
		Short: "Nodes of the cluster",
		Long:  "A node joins by redoubt serve --join HOST:PORT. These commands go to any node, and act on the cluster.",
	}
	c.AddCommand(
		statementCommand(&cobra.Command{Use: "ls", Short: "List the nodes, each asked how it is", Args: cobra.NoArgs}, func([]string) (string, error) {
			return "SELECT node, role, voter, up, mysql_address, raft_address, applied_scn, lag_scn, lag_milliseconds, state_hash, message FROM redoubt.V$NODE ORDER BY node", nil
		}),
		nodeAdd(),
		nodeChange("promote", "Let a node that follows count for the quorum", "PROMOTE"),
		nodeChange("demote", "Make a node a standby, which only follows", "DEMOTE"),
		nodeChange("remove", "Take a node out of the cluster", "REMOVE"),
		statementCommand(&cobra.Command{Use: "transfer [NODE]", Short: "Let another node lead", Args: cobra.MaximumNArgs(1)}, switchoverStatement),
	)
	return c
}

func nodeAdd() *cobra.Command {
	standby := false
	c := statementCommand(&cobra.Command{
		Use: "add NODE", Short: "Keep a place for a node that is to come",
		Long: "Gives a node its name before it is there, so that nobody else can take it. It comes once it is started, on its machine and with an\n" +
			"empty directory, as redoubt serve --node-id NODE --join HOST:PORT. A node that joins without having been added gets a place then.",
		Args: cobra.ExactArgs(1),
	}, func(args []string) (string, error) {
		statement := "ALTER CLUSTER ADD NODE " + identifier(args[0])
		if standby {
			statement += " STANDBY"
		}
		return statement, nil
	})
	c.Flags().BoolVar(&standby, "standby", false, "it stays a standby, which only follows")
	return c
}

func nodeChange(name, short, action string) *cobra.Command {
	return statementCommand(&cobra.Command{Use: name + " NODE", Short: short, Args: cobra.ExactArgs(1)}, func(args []string) (string, error) {
		return "ALTER CLUSTER " + action + " NODE " + identifier(args[0]), nil
	})
}

func switchoverStatement(args []string) (string, error) {
	if len(args) == 0 {
		return "SWITCHOVER", nil
	}
	return "SWITCHOVER TO " + identifier(args[0]), nil
}

func switchoverCommand() *cobra.Command {
	return statementCommand(&cobra.Command{
		Use: "switchover NODE", Short: "Let a node lead, with nothing lost",
		Long: "The node that leads hands over to NODE. If nobody leads, and the nodes run with failover = observe, NODE is ordered to stand for\n" +
			"election: the others elect it if it has all that they have, so that nothing that was acknowledged is lost. --addr may be any node that\n" +
			"takes clients.",
		Args: cobra.ExactArgs(1),
	}, switchoverStatement)
}
