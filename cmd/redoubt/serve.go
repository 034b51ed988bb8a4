package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"redoubt/backup/keyring"
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
		if s.IsList() {
			c.Flags().StringSlice(s.Name, nil, s.Help+"; or give it more than once")
			continue
		}
		c.Flags().String(s.Name, s.Default, s.Help)
		if s.IsSwitch() {
			c.Flags().Lookup(s.Name).NoOptDefVal = "true"
		}
	}
	c.Flags().SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if setting, ok := otherNames[name]; ok {
			name = setting
		}
		return pflag.NormalizedName(name)
	})
	c.RunE = func(c *cobra.Command, _ []string) error {
		config, err := node.Load(configFile, changed(c.Flags()))
		if err != nil {
			return err
		}
		config.S3, config.Passphrase, config.VaultToken, config.KMS = s3Credentials(), passphrase(), vaultToken(), keyring.EnvironmentKMS()
		ctx, stop := untilStopped(c.Context())
		defer stop()
		return serve(ctx, config, c.OutOrStdout(), c.ErrOrStderr())
	}
	return c
}

// otherNames are what other commands call settings.
var otherNames = map[string]string{"encrypt-key": "archive-key", "encrypt-passphrase-file": "archive-passphrase-file"}

// changed gives the flags that the user set.
func changed(flags *pflag.FlagSet) map[string]string {
	set := map[string]string{}
	flags.Visit(func(f *pflag.Flag) {
		set[f.Name] = f.Value.String()
		if several, ok := f.Value.(pflag.SliceValue); ok {
			set[f.Name] = strings.Join(several.GetSlice(), ",")
		}
	})
	return set
}

func serve(ctx context.Context, config *node.Config, out, errs io.Writer) error {
	logger, err := newLogger(config.LogLevel, errs)
	if err != nil {
		return err
	}
	for {
		err := serveOnce(ctx, config, logger, out)
		if !errors.Is(err, node.ErrNeedsCopy) || ctx.Err() != nil {
			return err
		}
		logger.Warn().Err(err).Msg("starting again, with a copy of another node")
	}
}

func serveOnce(ctx context.Context, config *node.Config, logger zerolog.Logger, out io.Writer) error {
	n, err := node.Open(ctx, config, logger)
	if err != nil {
		return err
	}
	debug.SetGCPercent(config.GCPercent)
	debug.SetMemoryLimit(config.MemoryBytes)
	debug.FreeOSMemory() // what starting took
	fmt.Fprint(out, readyLine(n))
	select {
	case <-ctx.Done():
		logger.Info().Msg("stopping")
	case <-n.Done():
	}
	return errors.Join(n.Failure(), n.Close())
}

// readyLine says that a node takes connections.
func readyLine(n *node.Node) string {
	at := n.Addresses()
	return fmt.Sprintf("redoubt ready mysql=%s http=%s raft=%s scn=%d\n", at.MySQL, at.HTTP, at.Raft, n.Engine().Applied())
}

// logTime has milliseconds: an election takes some hundred.
const logTime = "2006-01-02T15:04:05.000Z07:00"

func newLogger(level string, w io.Writer) (zerolog.Logger, error) {
	l, err := zerolog.ParseLevel(level)
	if err != nil {
		return zerolog.Logger{}, fmt.Errorf("setting log-level: %w", err)
	}
	console := zerolog.ConsoleWriter{Out: w, TimeFormat: logTime, NoColor: true}
	zerolog.TimeFieldFormat = logTime
	return zerolog.New(console).Level(l).With().Timestamp().Logger(), nil
}
