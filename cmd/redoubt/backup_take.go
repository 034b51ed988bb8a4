package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"redoubt/internal/shell"
	"redoubt/node"
)

// backupTakeCommands have a running node make backups.
func backupTakeCommands() []*cobra.Command {
	return []*cobra.Command{
		backupFullCommand(),
		(&backupTaking{kind: "incremental"}).command("incremental", "Back up what has changed since the newest backup",
			"Have a running node back up what has changed since the newest backup in the repository: the log since then, or the files of\n"+
				"the state that the repository lacks, whichever is smaller. Without a backup to be relative to, it is a full one.\n"),
		(&backupTaking{kind: "differential"}).command("differential", "Back up what has changed since the newest full backup",
			"Have a running node back up what has changed since the newest full backup in the repository: the log since then, or the\n"+
				"files of the state that the repository lacks, whichever is smaller. Without a full backup, it is one.\n"),
		(&backupTaking{kind: archivelog}).command("archivelog", "Make a repository hold the log up to the newest commit",
			"Have a running node send what the repository lacks of the log. Any other backup does so, too.\n"),
		backupLimitCommand(),
	}
}

// backupTaking is one of them.
type backupTaking struct {
	kind, repository, tag, limit, key string
	progress                          bool
}

// archivelog is the kind that is only the log.
const archivelog = "archivelog"

func (b *backupTaking) command(use, short, long string) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		Long: long + "What was sent is not sent again, also if it is stopped: by Ctrl-C, or by KILL QUERY. --repo is seen from the node;\n" +
			"without it, it is the first one that the log is archived to.",
	}
	c.Flags().StringVar(&b.repository, "repo", "", repositoryHelp)
	if b.kind != archivelog {
		c.Flags().StringVar(&b.tag, "tag", "", "what it is called")
	}
	c.Flags().StringVar(&b.limit, "limit", "", "how much is sent in a second, as in 50MB/s; redoubt backup limit changes it on the way")
	c.Flags().StringVar(&b.key, "encrypt-key", "", "key file of the repository, as the node sees it; without it, the node's setting archive-key")
	c.Flags().BoolVar(&b.progress, "progress", false, "tell once in a second how far it is, though the output is not a terminal")
	options := clientFlags(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		o, err := options()
		if err != nil {
			return err
		}
		o.Execute = b.statement()
		if b.progress || isTerminalOut(o.Err) {
			defer watchBackup(&o)()
		}
		return shell.Run(c.Context(), o)
	}
	return c
}

func (b *backupTaking) statement() string {
	statement := "BACKUP ARCHIVELOG"
	if b.kind != archivelog {
		statement = "BACKUP DATABASE " + b.kind
	}
	for _, part := range []struct{ word, value string }{{"TO", b.repository}, {"TAG", b.tag}, {"LIMIT", b.limit}, {"ENCRYPT KEY", b.key}} {
		if part.value != "" {
			statement += " " + part.word + " " + quoted(part.value)
		}
	}
	return statement
}

func backupFullCommand() *cobra.Command {
	b := &backupTaking{kind: "full"}
	c := b.command("full", "Back up the whole state",
		"Have a running node make a backup of its whole state. Files that the repository has are not sent again, so the second one\n"+
			"sends what has changed. With --synthetic no node is asked: the state is made from an older backup and the log, in the\n"+
			"repository, as of the newest incremental or differential backup that is only the log, or of the newest archived commit.\n")
	synthetic, work, passphrase := false, "", ""
	c.Flags().BoolVar(&synthetic, "synthetic", false, "make it from what is in the repository, without a node")
	c.Flags().StringVar(&work, "work", "", "with --synthetic: a directory for temporary files; default: that of the system")
	c.Flags().StringVar(&passphrase, "encrypt-passphrase-file", "", "with --synthetic: "+passphraseHelp)
	take := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		switch {
		case !synthetic:
			return take(c, args)
		case b.repository == "":
			return errors.New("say which repository: --synthetic --repo file:///DIRECTORY")
		}
		return synthesize(c, b, repositoryFlags{b.repository, b.key, passphrase}, work)
	}
	return c
}

// synthesize makes a full backup without a node.
func synthesize(c *cobra.Command, b *backupTaking, from repositoryFlags, work string) error {
	ctx, stop := untilStopped(c.Context())
	defer stop()
	repository, err := from.open(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	t, err := node.Synthesize(ctx, node.SynthesizeOptions{Repository: repository, Work: work, Tag: b.tag, Limit: b.limit, Progress: newProgress(c.ErrOrStderr()).say})
	if err != nil {
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "backup %s: the state at SCN %d of %s UTC, made from %s and the log behind it\n", t.ID, t.SCN,
		utcText(t.TimeMicros), t.From)
	fmt.Fprintf(c.OutOrStdout(), "%d of %d files sent, %d of %d bytes, state hash %s, in %s\n", t.Sent, len(t.Files), t.SentBytes, t.Bytes(), t.StateHash, round(time.Since(began)))
	return nil
}

func backupLimitCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "limit RATE", Short: "Change how fast the backup that is being made may send", Args: cobra.ExactArgs(1),
		Example: "  redoubt backup limit 20MB/s\n  redoubt backup limit none",
	}
	return statementCommand(c, func(args []string) (string, error) { return "ALTER BACKUP LIMIT " + quoted(args[0]), nil })
}
