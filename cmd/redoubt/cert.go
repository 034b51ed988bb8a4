package main

import (
	"fmt"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"redoubt/replication/peer"
)

// Times for which certificates are good.
const (
	authorityValid = 10 * 365 * 24 * time.Hour
	nodeValid      = 365 * 24 * time.Hour
)

func certCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "cert",
		Short: "Certificates for TLS between the nodes of a cluster, and for their pages",
		Long: "Nodes that talk over a network show each other certificates by one authority, the cluster's own. These commands make such an\n" +
			"authority in a directory; any other that gives certificates with the node's name as common name does as well.",
	}
	c.AddCommand(certAuthorityCommand(), certNodeCommand())
	return c
}

func certAuthorityCommand() *cobra.Command {
	dir := ""
	c := &cobra.Command{Use: "authority", Short: "Make the authority of a cluster", Args: cobra.NoArgs}
	c.Flags().StringVar(&dir, "dir", "redoubt-certs", "directory of the authority")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := peer.CreateAuthority(dir, authorityValid); err != nil {
			return fmt.Errorf("make an authority: %w", err)
		}
		fmt.Fprintf(c.OutOrStdout(), "The authority is in %s. Give %s to every node, and ca-key.pem to none.\n", dir, peer.AuthorityFile)
		return nil
	}
	return c
}

// nodeNames are those that can be names of files, and of nodes.
var nodeNames = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$`)

func certNodeCommand() *cobra.Command {
	dir, valid, hosts := "", time.Duration(0), []string(nil)
	c := &cobra.Command{Use: "node NAME", Short: "Make the certificate of a node, or a new one", Args: cobra.ExactArgs(1)}
	c.Flags().StringVar(&dir, "dir", "redoubt-certs", "directory of the authority")
	c.Flags().DurationVar(&valid, "valid", nodeValid, "time for which it is good")
	c.Flags().StringSliceVar(&hosts, "host", nil, "name or address by which browsers reach the node, with commas between several: then the certificate is good for http-cert, too")
	c.RunE = func(c *cobra.Command, args []string) error {
		if !nodeNames.MatchString(args[0]) || args[0] == "ca" {
			return fmt.Errorf("%q is no name of a node: write letters, digits, dots, dashes and underscores", args[0])
		}
		cert, key, err := peer.Issue(dir, args[0], valid, hosts...)
		if err != nil {
			return fmt.Errorf("make a certificate: %w", err)
		}
		fmt.Fprintf(c.OutOrStdout(), "On the node %s: redoubt serve --node-id %s --cluster-cert %s --cluster-key %s --cluster-ca %s/%s\nA running node takes a new certificate in place of the old one.\n",
			args[0], args[0], cert, key, dir, peer.AuthorityFile)
		if len(hosts) > 0 {
			fmt.Fprintf(c.OutOrStdout(), "For its page: --http-cert %s --http-key %s. Browsers must trust %s/%s.\n", cert, key, dir, peer.AuthorityFile)
		}
		return nil
	}
	return c
}
