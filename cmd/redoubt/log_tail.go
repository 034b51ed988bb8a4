package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"redoubt/internal/shell"
	"redoubt/sql/logmine"
)

func logTailCommand() *cobra.Command {
	var m mining
	heartbeats, authority := false, ""
	c := &cobra.Command{
		Use:   "tail",
		Short: "Follow committed changes as JSON lines, with images before and after",
		Long: "Follow what is committed on a node (--addr, on the same machine unless it has http-cert) as JSON lines, one for each change of a row and each\n" +
			"statement that changed definitions, until Ctrl-C, the end of the node, or --to-scn. \"last\": true ends a transaction.\n" +
			"With --from-scn it begins there, as long as the log is kept, else with the next commit; who has seen all of SCN n goes\n" +
			"on with --from-scn n+1. It needs SELECT on everything. With --data it gives what a directory has, and with --repo what is\n" +
			"archived, from --from-scn or the beginning on, and ends: what comes later is not waited for.",
		Example: "  redoubt log tail --addr 127.0.0.1:3307 --from-scn 1 --table shop.orders",
		Args:    cobra.NoArgs,
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		if m.data != "" || m.repository.address != "" {
			return m.events(c, func(events iter.Seq2[*logmine.Event, error]) error { return printLines(c.OutOrStdout(), events) })
		}
		if m.fromTime != "" || m.toTime != "" {
			return errors.New("--from-time and --to-time: a node is followed by SCN; TIMESTAMP_TO_SCN() gives that of a time")
		}
		ctx, stop := untilStopped(c.Context())
		defer stop()
		err := m.follow(ctx, c.OutOrStdout(), heartbeats, authority)
		if ctx.Err() != nil && c.Context().Err() == nil {
			return nil // Ctrl-C is how it ends
		}
		return err
	}
	m.flags(c)
	c.Flags().BoolVar(&heartbeats, "heartbeats", false, "print heartbeats, too: up to which SCN everything was given")
	c.Flags().StringVar(&authority, "http-ca", "", "certificate of the authority that signed the node's http-cert, PEM; without it those that the machine trusts count")
	formatFlag(c, &m.format, "json")
	return c
}

// follow copies the stream of a node.
func (m *mining) follow(ctx context.Context, w io.Writer, heartbeats bool, authority string) error {
	if err := m.complete(); err != nil {
		return err
	}
	o, err := m.client()
	if err != nil {
		return err
	}
	address, err := streamAddress(ctx, &o)
	if err != nil {
		return err
	}
	client, err := trusting(authority)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/log/tail?"+m.query().Encode(), nil)
	if err != nil {
		return err
	}
	request.SetBasicAuth(o.User, o.Password)
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("follow the log: %w: without http-cert it can be followed on the node's own machine only", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
		if response.StatusCode == http.StatusNotFound {
			text = []byte("the node serves no stream: its http address must be one of loopback, as 127.0.0.1:8307, or have http-cert and http-key")
		}
		return errors.Join(fmt.Errorf("follow the log: %s", bytes.TrimSpace(text)), err)
	}
	return copyStream(w, response.Body, heartbeats)
}

// trusting makes a client that trusts an authority, or those that the machine does.
func trusting(authority string) (*http.Client, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if authority != "" {
		text, err := os.ReadFile(authority)
		if err != nil {
			return nil, fmt.Errorf("--http-ca: %w", err)
		}
		if config.RootCAs = x509.NewCertPool(); !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("--http-ca: %s has no certificate", authority)
		}
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config}}, nil
}

// streamAddress asks a node where its stream is. One that listens on all of its addresses is reached by the one of --addr.
func streamAddress(ctx context.Context, o *shell.Options) (address string, err error) {
	conn, closeConn, err := shell.Connect(ctx, *o)
	if err != nil {
		return "", err
	}
	defer closeConn()
	settings := map[string]string{}
	for _, name := range []string{"http", "http-cert"} {
		var value sql.NullString
		err = conn.QueryRowContext(ctx, "SELECT value FROM redoubt.V$PARAMETER WHERE name = ?", name).Scan(&value)
		if errors.Is(err, sql.ErrNoRows) {
			return "", fmt.Errorf("%s does not say where its stream is: it is no node of this version", o.Addr)
		}
		if err != nil {
			return "", err
		}
		settings[name] = value.String
	}
	host, port, err := net.SplitHostPort(settings["http"])
	if err != nil {
		return "", err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		if host, _, err = net.SplitHostPort(o.Addr); err != nil {
			return "", err
		}
	}
	if settings["http-cert"] == "" {
		return "http://" + net.JoinHostPort(host, port), nil
	}
	return "https://" + net.JoinHostPort(host, port), nil
}

func (m *mining) query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"schema": m.filter.Schema, "table": m.filter.Table, "user": m.filter.User, "operation": m.filter.Operation, "key": m.filter.Key} {
		if value != "" {
			q.Set(name, value)
		}
	}
	for name, value := range map[string]uint64{"from": m.filter.FromSCN, "to": m.filter.ToSCN, "xid": m.filter.XID} {
		if value != 0 {
			q.Set(name, strconv.FormatUint(value, 10))
		}
	}
	return q
}

// copyStream prints the lines of a stream. One that ends before it was meant to is an error that says where to go on.
func copyStream(w io.Writer, r io.Reader, heartbeats bool) error {
	lines := bufio.NewReader(r)
	complete := uint64(0)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return fmt.Errorf("the stream broke off (%w): go on with --from-scn %d", err, complete+1)
		}
		var l struct {
			SCN       uint64 `json:"scn"`
			Heartbeat uint64 `json:"heartbeat_scn"`
			Last      bool   `json:"last"`
			End       string `json:"end"`
			Done      bool   `json:"done"`
		}
		if err := json.Unmarshal(line, &l); err != nil {
			return fmt.Errorf("the stream has a line that is no JSON: %w", err)
		}
		complete = max(complete, l.Heartbeat)
		if l.Last {
			complete = l.SCN
		}
		if l.SCN > 0 || heartbeats {
			if _, err := w.Write(line); err != nil {
				return err
			}
		}
		if l.Done {
			return nil
		}
		if l.End != "" {
			return fmt.Errorf("the stream has ended: %s; go on with --from-scn %d", l.End, complete+1)
		}
	}
}
