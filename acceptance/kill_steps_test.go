package acceptance

import (
	"database/sql"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// killer kills a process at one of its requests to the S3 server: before the server sees it, or when it has answered and nobody
// knows yet.
type killer struct {
	mu     sync.Mutex
	at     int // which request, from 1; 0: none
	after  bool
	kill   func()
	n      int
	killed string // what the request was
}

var digits = regexp.MustCompile(`\b[0-9a-z]{20,}|\b[0-9a-f]{8,}\b|\b[0-9a-f]{2}/|[0-9]+`)

// stepName names a request by what it is about.
func stepName(r *http.Request) string {
	name := digits.ReplaceAllString(strings.TrimPrefix(r.URL.Path, "/bucket/"), "N")
	for _, q := range []string{"list-type", "uploads", "uploadId", "partNumber", "prefix"} {
		if r.URL.Query().Has(q) {
			name += " " + q + "=" + digits.ReplaceAllString(r.URL.Query().Get(q), "N")
		}
	}
	return r.Method + " " + name
}

func (k *killer) request(r *http.Request, after bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if after != k.after || k.at == 0 {
		return
	}
	if k.n++; k.n == k.at {
		k.killed = stepName(r)
		k.kill()
	}
}

// arm has a process killed at its nth request from now.
func (k *killer) arm(n int, after bool, kill func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.at, k.after, k.kill, k.n, k.killed = n, after, kill, 0, ""
}

// disarm tells at which step the process was killed; empty if there were fewer.
func (k *killer) disarm() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.at = 0
	return k.killed
}

// rowsIn starts a server over a data directory and counts.
func rowsIn(t *testing.T, dir string) string {
	t.Helper()
	s := newServer(t)
	s.dir = dir
	s.start()
	defer s.kill()
	return one(t, open(t, s.mysql, ""), "SELECT COUNT(*) FROM shop.item")
}

// stepper walks steps at which a process is killed.
type stepper struct {
	t          *testing.T
	killer     *killer
	repository string
	steps      map[string]int
}

func newStepper(t *testing.T) *stepper {
	bucket := startS3(t)
	w := &stepper{t: t, killer: &killer{}, repository: bucket.url("shop"), steps: map[string]int{}}
	bucket.hear(func(r *http.Request) { w.killer.request(r, false) }, func(r *http.Request) { w.killer.request(r, true) })
	return w
}

func (w *stepper) run(args ...string) (string, error) {
	return runProgram(w.t.Context(), 5*time.Minute, "", binary, args...)
}

func (w *stepper) must(args ...string) string {
	w.t.Helper()
	out, err := w.run(args...)
	if err != nil {
		w.t.Fatalf("redoubt %v: %v\n%s", args, err, out)
	}
	return out
}

// serve starts a server that archives when it is told to.
func (w *stepper) serve() (*server, *sql.DB) {
	w.t.Helper()
	s := startServer(w.t, still, "--log-file-size=1MiB", "--segment-size=256KiB", "--segment-time=1s", "--archive", w.repository, "--archive-every=1h")
	mustExec(w.t, conn(w.t, s.mysql, ""), "CREATE DATABASE shop", "CREATE TABLE shop.item (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100))")
	return s, open(w.t, s.mysql, "")
}

// sealed waits until all that was committed is in sealed segments.
func (w *stepper) sealed(s *server, db *sql.DB) {
	w.t.Helper()
	eventually(w.t, time.Minute, "the segment is sealed", func() error {
		last := fmt.Sprintf("-%020s.seg", one(w.t, db, "SELECT CURRENT_SCN()"))
		if sealed, err := filepath.Glob(filepath.Join(s.dir, "segments", "*"+last)); err != nil || len(sealed) == 0 {
			return fmt.Errorf("there is no *%s: %v", last, err)
		}
		return nil
	})
}

// tell says where processes were killed, and fails if it was nowhere of some kinds.
func (w *stepper) tell(wanted ...string) {
	w.t.Helper()
	var names []string
	for name, times := range w.steps {
		names = append(names, fmt.Sprintf("%3d × %s", times, name))
	}
	slices.Sort(names)
	w.t.Logf("killed at:\n%s", strings.Join(names, "\n"))
	for _, want := range wanted {
		if !slices.ContainsFunc(names, func(name string) bool { return strings.Contains(name, want) }) {
			w.t.Errorf("nobody was killed at %s", want)
		}
	}
}

// TestKillBackupAtEveryStep kills the server at every request that a backup of each kind makes, before the S3 server sees it and after
// it has answered. Each time the repository is whole, and the log goes on; at the end a repair leaves nothing over.
func TestKillBackupAtEveryStep(t *testing.T) {
	w := newStepper(t)
	s, db := w.serve()
	backup := func(kind string, n int, after bool) (more bool) {
		mustExec(t, conn(t, s.mysql, ""), fmt.Sprintf("INSERT INTO shop.item (name) VALUES ('%s %d, %v')", kind, n, after))
		if kind != "incremental" { // its log is in the tail
			w.sealed(s, db)
		}
		w.killer.arm(n, after, s.kill)
		out, err := w.run("backup", kind, "--repo", w.repository, "--addr", s.mysql)
		killed := w.killer.disarm()
		if killed == "" {
			if err != nil {
				t.Fatalf("backup %s, nobody killed: %v\n%s", kind, err, out)
			}
			return false
		}
		w.steps[killed]++
		s.kill() // it may not have ended yet
		s.start()
		w.must("repo", "check", "--repo", w.repository)
		w.sealed(s, db)
		w.must("backup", "archivelog", "--repo", w.repository, "--addr", s.mysql) // goes on, and leaves no tail
		return !strings.HasPrefix(killed, "DELETE shop/leases/")                  // the last step: the next backup would have a manifest more to read
	}
	for _, after := range []bool{false, true} {
		for _, kind := range []string{"full", "incremental", "archivelog"} {
			for n := 1; backup(kind, n, after); n++ {
				if n == 60 {
					t.Fatalf("backup %s has ever more steps", kind)
				}
			}
		}
	}
	w.must("backup", "full", "--repo", w.repository, "--addr", s.mysql)
	at := strings.Fields(position(t, db))
	s.kill()
	w.must("repo", "repair", "--repo", w.repository)
	if out := w.must("repo", "check", "--repo", w.repository, "--format", "csv"); strings.Count(out, "\n") != 1 {
		t.Errorf("after the repair there is\n%s", out)
	}
	w.must("backup", "verify", "--repo", w.repository, "--level", "full")
	out := w.must("recover", "--repo", w.repository, "--data", filepath.Join(t.TempDir(), "again"), "--to-scn", at[0])
	if m := printedHash.FindStringSubmatch(out); m == nil || m[1] != at[1] {
		t.Errorf("recovered to SCN %s, where the hash was %s:\n%s", at[0], at[1], out)
	}
	w.tell("PUT shop/backup/", "PUT shop/files/", "PUT shop/log/", "PUT shop/tail/", "DELETE shop/leases/")
}

// TestKillRecoverAtEveryStep kills redoubt recover at every request that it makes. The same command goes on, and comes to the state that
// there was.
func TestKillRecoverAtEveryStep(t *testing.T) {
	w := newStepper(t)
	s, db := w.serve()
	mustExec(t, conn(t, s.mysql, ""), "INSERT INTO shop.item (name) VALUES ('a'), ('b')")
	w.sealed(s, db)
	w.must("backup", "full", "--repo", w.repository, "--addr", s.mysql)
	mustExec(t, conn(t, s.mysql, ""), "INSERT INTO shop.item (name) VALUES ('c')", "UPDATE shop.item SET name = 'd'")
	w.must("backup", "archivelog", "--repo", w.repository, "--addr", s.mysql)
	at, rows := strings.Fields(position(t, db)), one(t, db, "SELECT COUNT(*) FROM shop.item")
	s.kill()
	for _, after := range []bool{false, true} {
		for n, more := 1, true; more; n++ {
			dir := filepath.Join(t.TempDir(), "again")
			args := []string{"recover", "--repo", w.repository, "--data", dir, "--to-scn", at[0]}
			command := exec.Command(binary, args...)
			w.killer.arm(n, after, func() { _ = command.Process.Kill() }) // it has requests, so it runs
			first, err := command.CombinedOutput()
			killed := w.killer.disarm()
			out := string(first)
			if more = killed != ""; more {
				w.steps[killed]++
				if out, err = w.run(args...); err != nil && strings.Contains(out, "is a data directory already") {
					if got := rowsIn(t, dir); got != rows {
						t.Fatalf("killed at %q, when it was done: the table has %s rows, not %s", killed, got, rows)
					}
					continue
				}
			}
			if err != nil {
				t.Fatalf("recover, killed at %q: %v\n%s", killed, err, out)
			}
			if m := printedHash.FindStringSubmatch(out); m == nil || m[1] != at[1] {
				t.Fatalf("killed at %q: recovered to SCN %s, where the hash was %s:\n%s", killed, at[0], at[1], out)
			}
		}
	}
	w.tell("GET shop/backup/", "GET shop/files/", "GET shop/log/", "PUT shop/leases/", "DELETE shop/leases/")
}
