package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"redoubt/node"
)

func serveCommand() *cobra.Command {
	var configFile string
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run a node",
		Long: "Run a node. Settings come from flags, else from the file named by --config (TOML, the same names), else from\n" +
			"the defaults. One line is printed when the node takes connections. Ctrl-C or SIGTERM stops it cleanly.",
		Args: cobra.NoArgs,
	}
	c.Flags().StringVar(&configFile, "config", "", "file with settings, TOML")
	for _, s := range node.Settings() {
		c.Flags().String(s.Name, s.Default, s.Help)
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		config, err := node.Load(configFile, changed(c.Flags()))
		if err != nil {
			return err
		}
		ctx, stop := untilStopped(c.Context())
		defer stop()
		return serve(ctx, config, c.OutOrStdout(), c.ErrOrStderr())
	}
	return c
}

// changed gives the flags that the user set.
func changed(flags *pflag.FlagSet) map[string]string {
	set := map[string]string{}
	flags.Visit(func(f *pflag.Flag) { set[f.Name] = f.Value.String() })
	return set
}

func serve(ctx context.Context, config *node.Config, out, errs io.Writer) error {
	logger, err := newLogger(config.LogLevel, errs)
	if err != nil {
		return err
	}
	n, err := node.Open(ctx, config, logger)
	if err != nil {
		return err
	}
	debug.SetGCPercent(config.GCPercent)
	debug.SetMemoryLimit(config.MemoryBytes)
	debug.FreeOSMemory() // what starting took
	at := n.Addresses()
	fmt.Fprintf(out, "redoubt ready mysql=%s http=%s raft=%s scn=%d\n", at.MySQL, at.HTTP, at.Raft, n.Engine().Applied())
	select {
	case <-ctx.Done():
		logger.Info().Msg("stopping")
	case <-n.Done():
	}
	return errors.Join(n.Failure(), n.Close())
}

func newLogger(level string, w io.Writer) (zerolog.Logger, error) {
	l, err := zerolog.ParseLevel(level)
	if err != nil {
		return zerolog.Logger{}, fmt.Errorf("setting log-level: %w", err)
	}
	console := zerolog.ConsoleWriter{Out: w, TimeFormat: time.RFC3339, NoColor: true}
	return zerolog.New(console).Level(l).With().Timestamp().Logger(), nil
}
