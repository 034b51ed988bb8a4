// Command redoubt is the database server and everything around it in one binary.
//
// The nouns are its subcommands: serve runs a node, sql is a shell for it, log looks into the redo log, demo shows what it can do,
// inspect reads any file of a data directory, version names the build. The life of a call: (1) flags are read; (2) the subcommand
// builds what it needs from package node or internal/shell; (3) it prints, and exits with 0, or with 1 and one line
// that says what happened, why, and what to do. There is no logic here beyond flags and output; a command runs in
// one goroutine and joins what it starts.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// untilStopped gives a context that Ctrl-C and SIGTERM end. The shell does without: there Ctrl-C ends a statement.
func untilStopped(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
}

// run is main with everything that a test wants to hold in its hands.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	root := &cobra.Command{
		Use:           "redoubt",
		Short:         "A SQL database that keeps its past",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	root.AddCommand(serveCommand(), sqlCommand(), flashbackCommand(), restorePointCommand(), recycleBinCommand(), backupCommand(), keyCommand(), recoverCommand(), snapshotCommand(), cloneCommand(), nodeCommand(), switchoverCommand(), failoverCommand(), certCommand(), replayCommand(), reportCommand(), topCommand(), repoCommand(), catalogFamily(), logCommand(), demoCommand(), inspectCommand(), versionCommand())
	root.CompletionOptions.DisableDefaultCmd = true
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintf(errs, "redoubt: %v\n", err)
		return 1
	}
	return 0
}
