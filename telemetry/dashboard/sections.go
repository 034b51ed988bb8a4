package dashboard

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"
)

// section is a part of the page that shows rows of a view.
type section struct {
	name  string
	text  string
	every time.Duration
}

// sectionTimeout bounds one reading.
const sectionTimeout = 5 * time.Second

// sections are read while somebody watches. What asks a repository or other nodes is read less often.
var sections = []section{
	{"health", "SELECT name, healthy, blocks_ready, message FROM V$HEALTH", 2 * time.Second},
	{"nodes", "SELECT node, role, voter, self, up, mysql_address, applied_scn, lag_scn, lag_milliseconds, hash_scn, state_hash, message FROM V$NODE", time.Second},
	{"standbys", "SELECT node, protection, status, lag_entries, answered FROM V$STANDBY", time.Second},
	{"locks", "SELECT xid, connection_id, schema_name, table_name, index_name, lock_key, mode, status, waiting_since, waits_for FROM V$LOCK WHERE status = 'WAITING' ORDER BY waiting_since LIMIT 100", time.Second / 2},
	{"archive", "SELECT destination, status, archived_scn, gap_scn, gap_milliseconds, error FROM V$ARCHIVE", time.Second},
	{"redo", "SELECT object_id, object, changes, inserts, updates, deletes, redo_bytes FROM V$HOT_TABLE WHERE object IS NOT NULL ORDER BY changes DESC LIMIT 6", 5 * time.Second},
	{"progress", "SELECT kind, step, bytes_done, bytes_total, started FROM V$BACKUP_PROGRESS", time.Second},
	{"backups", "SELECT backup_id, kind, scn, time, state, problem, bytes, finished FROM V$BACKUP ORDER BY scn DESC LIMIT 5", 15 * time.Second},
	{"recoverability", "SELECT repository, first_scn, last_scn, reachable, bytes, predicted_milliseconds, promised, gap FROM V$RECOVERABILITY ORDER BY incarnation DESC, last_scn DESC LIMIT 10", 15 * time.Second},
	{"flashback", "SELECT * FROM V$FLASHBACK_DATABASE_LOG", 5 * time.Second},
	{"database", "SELECT database_id, node_id, version, schemas, tables FROM V$DATABASE", 10 * time.Second},
}

// locksSection is the one that is asked of other nodes, too: locks are a node's own.
var locksSection = &sections[slices.IndexFunc(sections, func(x section) bool { return x.name == "locks" })]

// readSections keeps all sections, each for itself: a repository that does not answer holds up nothing else.
func (s *Server) readSections(ctx context.Context) {
	var group sync.WaitGroup
	for i := range sections {
		group.Go(func() { s.keepSection(ctx, &sections[i]) })
	}
	group.Wait()
}

// keepSection reads a section when it is due, as one of those who watch, until ctx ends.
func (s *Server) keepSection(ctx context.Context, x *section) {
	ticker := time.NewTicker(lookPeriod)
	defer ticker.Stop()
	var due time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			a := s.hub.watcher()
			if a == nil || now.Before(due) {
				continue
			}
			s.hub.set(x.name, s.readSection(ctx, a, x))
			due = now.Add(x.every)
		}
	}
}

// readSection gives rows as JSON, or why there are none: a view that this node does not have, or that cannot be read now.
func (s *Server) readSection(ctx context.Context, a Account, x *section) []byte {
	ctx, cancel := context.WithTimeout(ctx, sectionTimeout)
	defer cancel()
	var v any
	rows, err := a.Read(ctx, x.text)
	if v = objects(rows); err != nil {
		v = map[string]string{"error": err.Error()}
	}
	text, err := json.Marshal(v)
	if err != nil {
		text = []byte("[]")
	}
	return bytes.TrimSpace(text)
}

// objects gives each row by the names of its columns.
func objects(rows *Rows) []map[string]any {
	out := []map[string]any{}
	if rows == nil {
		return out
	}
	for _, row := range rows.Rows {
		o := map[string]any{}
		for i, c := range rows.Columns {
			if row[i] != nil {
				o[c] = row[i]
			}
		}
		out = append(out, o)
	}
	return out
}
