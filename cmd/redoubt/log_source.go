package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"redoubt/internal/shell"
	"redoubt/node"
	"redoubt/scn"
)

// logSource is whose log a command looks into, and from where to where.
type logSource struct {
	data        string
	repository  repositoryFlags
	incarnation uint32
	from, to    uint64
	client      func() (shell.Options, error)
}

// flags adds the flags. Who asks a node is --login: --user is whose changes are looked for.
func (s *logSource) flags(c *cobra.Command) {
	dataFlag(c, &s.data)
	s.repository.flags(c)
	c.Flags().Uint32Var(&s.incarnation, "incarnation", 0, "of a repository: the incarnation whose history it is (default the newest)")
	c.Flags().Uint64Var(&s.from, "from-scn", 0, "first SCN")
	c.Flags().Uint64Var(&s.to, "to-scn", 0, "last SCN")
	s.client = loginFlags(c, "login", "")
	c.MarkFlagsMutuallyExclusive("data", "repo", "addr")
	c.MarkFlagsOneRequired("data", "repo", "addr")
}

// check tells what cannot be meant. instead, if it is not empty, says why a node cannot be asked.
func (s *logSource) check(instead string) error {
	switch of := &s.repository; {
	case s.to > 0 && s.from > s.to:
		return errors.New("the range is empty: --from-scn is over --to-scn")
	case of.address == "" && (s.incarnation != 0 || of.keyFile != "" || of.passphraseFile != ""):
		return errors.New("--incarnation, --encrypt-key and --encrypt-passphrase-file are for the log of a repository: say --repo")
	case of.address == "" && s.data == "" && instead != "":
		return errors.New("--addr: " + instead)
	}
	return nil
}

// archived opens the repository, for what the flags say. What is odd goes to where errors go, as what takes long does, once a second.
func (s *logSource) archived(ctx context.Context, errs io.Writer) (l node.RepositoryLog, err error) {
	l = node.RepositoryLog{
		Incarnation: scn.Incarnation(s.incarnation), From: scn.SCN(s.from), To: scn.SCN(s.to),
		Note:     func(text string) { fmt.Fprintln(errs, "note:", text) },
		Progress: newProgress(errs).say,
	}
	l.Repository, err = s.repository.open(ctx)
	return l, err
}

// open opens the log to be mined or, without its state, dumped.
func (s *logSource) open(ctx context.Context, errs io.Writer, mined bool) (*node.Offline, error) {
	directory, repository := node.OpenOfflineLog, node.OpenRepositoryLog
	if mined {
		directory, repository = node.OpenOffline, node.OpenRepository
	}
	if s.data != "" {
		return directory(ctx, s.data)
	}
	l, err := s.archived(ctx, errs)
	if err != nil {
		return nil, err
	}
	return repository(ctx, l)
}

// whileWanted gives a context that Ctrl-C, SIGTERM and the end of who reads the output end: what was made meanwhile can be removed.
func whileWanted(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := untilStopped(ctx)
	ctx, stopPipe := signal.NotifyContext(ctx, syscall.SIGPIPE)
	return ctx, func() { stopPipe(); stop() }
}
