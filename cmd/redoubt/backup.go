package main

import (
	"github.com/spf13/cobra"
)

func backupCommand() *cobra.Command {
	c := &cobra.Command{Use: "backup", Short: "Backups of the database: make, list, verify, keep as long as wanted"}
	c.AddCommand(backupTakeCommands()...)
	c.AddCommand(
		backupListCommand(), backupShowCommand(), backupReportCommand(), backupVerifyCommand(), backupCrosscheckCommand(),
		backupPolicyCommand(), backupExpireCommand(), backupDeleteCommand(), backupChangeCommand(),
	)
	return c
}
