package node

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"redoubt/replication/cluster"
	"redoubt/scn"
	"redoubt/sql"
	"redoubt/telemetry/dashboard"
)

// pageKeyFile, in the data directory, has the key that logins of the page are signed by. Without it everybody logs in again.
const pageKeyFile = "page.key"

const pageKeyBytes = 32

// openPage serves the page, as long as clients are let in.
func (n *Node) openPage(context.Context) error {
	key, err := pageKey(filepath.Join(n.config.Data, pageKeyFile))
	if err != nil {
		return err
	}
	page, err := dashboard.New(dashboard.Options{
		Database: func() dashboard.Database { return pageDatabase{n.sql} }, Past: pagePast{n},
		Slots: n.slots, Sampler: n.sampler, Others: pageOthers{n.cluster}, Names: n.httpNames(), Node: n.identity.NodeID, Version: Version, Key: key,
	})
	if err != nil {
		return err
	}
	n.closers = append(n.closers, page.Close)
	n.pages.Store(page)
	n.background(page.Run)
	h := page.Handler(n.httpAddr)
	n.page.Store(&h)
	return nil
}

// withPage serves the page, once it is there, beside what h does.
func (n *Node) withPage(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if page := n.page.Load(); page != nil && dashboard.Serves(r.URL.Path) {
			(*page).ServeHTTP(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// answerPage answers the page of another node.
func (n *Node) answerPage(ctx context.Context, question []byte) ([]byte, error) {
	page := n.pages.Load()
	if page == nil {
		return nil, errors.New("it does not let clients in yet")
	}
	return page.Answer(ctx, question)
}

// pageOthers are the other nodes, as the page asks them.
type pageOthers struct{ *cluster.Cluster }

// Names implements dashboard.Others.
func (o pageOthers) Names() ([]string, error) { return o.Others() }

// pageKey reads the key, or makes one.
func pageKey(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	if err == nil && len(key) != pageKeyBytes {
		return nil, fmt.Errorf("%s has %d bytes instead of %d: remove it; users of the page log in again then", path, len(key), pageKeyBytes)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	key = make([]byte, pageKeyBytes)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	return key, os.WriteFile(path, key, 0o600)
}

// pageDatabase is the database as the page reads it.
type pageDatabase struct{ *sql.Server }

// Login implements dashboard.Database.
func (d pageDatabase) Login(ctx context.Context, user, password string, from net.Addr) (dashboard.Account, error) {
	r, err := d.ReaderFor(ctx, user, password, from)
	if err != nil {
		return nil, pageError(err)
	}
	return pageAccount{r}, nil
}

// AccountOf implements dashboard.Database.
func (d pageDatabase) AccountOf(user, host string) dashboard.Account {
	return pageAccount{d.ReaderOf(user, host)}
}

// pageAccount is a user who may read everything.
type pageAccount struct{ *sql.Reader }

// Check implements dashboard.Account.
func (a pageAccount) Check(ctx context.Context) (string, error) {
	secret, err := a.Reader.Check(ctx)
	return secret, pageError(err)
}

// Read implements dashboard.Account.
func (a pageAccount) Read(ctx context.Context, text string) (*dashboard.Rows, error) {
	rows, err := a.Reader.Read(ctx, text)
	if err != nil {
		return nil, err
	}
	return (*dashboard.Rows)(rows), nil
}

func pageError(err error) error {
	if errors.Is(err, sql.ErrLogin) {
		return dashboard.ErrLogin
	}
	return err
}

// pagePast turns SCNs into times, and lists tables of then.
type pagePast struct{ node *Node }

// Applied implements dashboard.Past.
func (p pagePast) Applied() uint64 { return uint64(p.node.engine.Applied()) }

// TimeOf implements dashboard.Past.
func (p pagePast) TimeOf(at uint64) (int64, error) { return p.node.engine.SCNToTime(scn.SCN(at)) }

// SCNAt implements dashboard.Past.
func (p pagePast) SCNAt(micros int64) (uint64, error) {
	at, err := p.node.engine.TimeToSCN(micros)
	return uint64(at), err
}

// Tables implements dashboard.Past.
func (p pagePast) Tables(at uint64) (names [][2]string, err error) {
	dictionary, err := p.node.engine.CatalogAt(scn.SCN(at))
	if err != nil {
		return nil, err
	}
	for _, s := range dictionary.Schemas() {
		for _, t := range dictionary.Tables(s.Name) {
			names = append(names, [2]string{s.Name, t.Name})
		}
	}
	return names, nil
}
