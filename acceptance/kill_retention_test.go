package acceptance

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// retention walks the steps of commands that delete from a repository: each time on a copy of its own.
type retention struct {
	*stepper
	bucket *bucket
	fixed  map[string]string // state hashes, by SCN, that are promised whatever is deleted

	mu      sync.Mutex
	killers map[string]*killer // by the prefix of a copy
	half    map[string]string  // for each command, the copy where it was killed when a backup had gone
}

// request tells the killer of a copy.
func (w *retention) request(r *http.Request, after bool) {
	w.mu.Lock()
	killers := maps.Clone(w.killers)
	w.mu.Unlock()
	if after && slices.Contains([]string{http.MethodGet, http.MethodHead}, r.Method) {
		return // what has read something dies as it does before its next request
	}
	for prefix, k := range killers {
		if strings.HasPrefix(r.URL.Path, "/bucket/"+prefix+"/") || strings.HasPrefix(r.URL.Query().Get("prefix"), prefix+"/") {
			k.request(r, after)
		}
	}
}

// copied makes a copy of the repository, in the S3 server's directory: it has what it says of objects in the files' attributes.
func (w *retention) copied(prefix string) (url string, k *killer, err error) {
	if out, err := exec.Command("cp", "-a", filepath.Join(w.bucket.dir, "shop"), filepath.Join(w.bucket.dir, prefix)).CombinedOutput(); err != nil {
		return "", nil, fmt.Errorf("copy the repository: %w\n%s", err, out)
	}
	k = &killer{}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.killers[prefix] = k
	return w.bucket.url(prefix), k, nil
}

// killAt kills a command at its nth request. Each time what the next one finds is whole, and it finishes. It tells whether there
// were so many requests.
func (w *retention) killAt(verb []string, n int, after bool) (more bool, err error) {
	prefix := fmt.Sprintf("%s-%v-%d-copy", verb[1], after, n)
	repository, k, err := w.copied(prefix)
	if err != nil {
		return false, err
	}
	args := append(verb[:len(verb):len(verb)], "--repo", repository)
	command := exec.Command(binary, args...)
	k.arm(n, after, func() { _ = command.Process.Kill() }) // it has requests, so it runs
	first, err := command.CombinedOutput()
	killed := k.disarm()
	if killed == "" {
		if err != nil {
			return false, fmt.Errorf("nobody was killed: %w\n%s", err, first)
		}
		return false, w.clean(prefix)
	}
	w.mu.Lock()
	w.steps[killed]++
	if after && strings.HasPrefix(killed, "DELETE") && strings.Contains(killed, "/backup/") {
		w.half[verb[1]] = repository
	}
	w.mu.Unlock()
	if !strings.HasPrefix(killed, http.MethodGet) { // what is there before a read was looked at behind the change before it
		if out, err := w.run("repo", "check", "--repo", repository); err != nil {
			return false, fmt.Errorf("killed at %q: repo check: %w\n%s", killed, err, out)
		}
	}
	began := time.Now()
	out, err := w.run(args...)
	if took := time.Since(began); err == nil && took > time.Minute { // on a busy machine; for a living holder it would be two
		err = fmt.Errorf("it took %s", took)
	}
	if err == nil {
		err = w.clean(prefix)
	}
	if err != nil {
		return false, fmt.Errorf("killed at %q: the next run: %w\n%s", killed, err, out)
	}
	return true, nil
}

// clean tells what is left over in a copy, or should be gone and is not.
func (w *retention) clean(prefix string) error {
	if out, err := w.run("repo", "check", "--repo", w.bucket.url(prefix), "--format", "csv"); err != nil || strings.Count(out, "\n") != 1 {
		return errors.Join(err, fmt.Errorf("repo check finds\n%s", out))
	}
	if left, err := os.ReadDir(filepath.Join(w.bucket.dir, prefix, "backup")); err != nil || len(left) != 3 {
		return errors.Join(err, fmt.Errorf("the manifests are %v", left))
	}
	return nil
}

// recovers tells whether what is promised can be had.
func (w *retention) recovers(repository string) error {
	for at, hash := range w.fixed {
		out, err := w.run("recover", "--repo", repository, "--data", filepath.Join(w.t.TempDir(), "again"), "--to-scn", at)
		if m := printedHash.FindStringSubmatch(out); err != nil || m == nil || m[1] != hash {
			return errors.Join(err, fmt.Errorf("recovered to SCN %s, where the hash was %s:\n%s", at, hash, out))
		}
	}
	return nil
}

// TestKillRetentionAtEveryStep kills what deletes from a repository at every request that it makes, before the S3 server sees it and
// after it has changed something. Each time the repository is whole; the next run does not wait for the lease of the dead one, and leaves
// nothing over; what is promised can be recovered.
func TestKillRetentionAtEveryStep(t *testing.T) {
	bucket := startS3(t)
	w := &retention{
		stepper: &stepper{t: t, repository: bucket.url("shop"), steps: map[string]int{}}, bucket: bucket,
		fixed: map[string]string{}, killers: map[string]*killer{}, half: map[string]string{},
	}
	s, db := w.serve()
	for i, b := range []struct{ kind, tag string }{{"full", "doomed"}, {"incremental", "doomed"}, {"full", "doomed"}, {"full", "kept"}, {"full", "kept"}, {"incremental", "kept"}} {
		mustExec(t, conn(t, s.mysql, ""), fmt.Sprintf("INSERT INTO shop.item (name) VALUES ('%d')", i), fmt.Sprintf("CREATE TABLE shop.t%d (id INT)", i))
		w.sealed(s, db)
		w.must("backup", b.kind, "--repo", w.repository, "--addr", s.mysql, "--tag", b.tag)
		if b.tag == "kept" {
			at := strings.Fields(position(t, db))
			w.fixed[at[0]] = at[1]
		}
	}
	s.kill()
	w.must("backup", "policy", "--repo", w.repository, "--redundancy", "2")
	bucket.hear(func(r *http.Request) { w.request(r, false) }, func(r *http.Request) { w.request(r, true) })

	expire := []string{"backup", "expire"}
	discard := []string{"backup", "delete", "--obsolete"}
	const walkers = 2 // for each: most of the time they wait, to see that the one before is dead
	var all sync.WaitGroup
	for _, verb := range [][]string{expire, discard} {
		for _, after := range []bool{false, true} {
			for first := range walkers {
				all.Go(func() {
					for n, more := first+1, true; more; n += walkers {
						var err error
						if more, err = w.killAt(verb, n, after); err != nil {
							t.Errorf("%v, request %d, after it %v: %v", verb, n, after, err)
						}
					}
				})
			}
		}
	}
	all.Wait()
	for _, verb := range [][]string{expire, discard} {
		if err := w.recovers(w.half[verb[1]]); err != nil {
			t.Errorf("%v: %v", verb, err)
		}
	}
	w.tell(
		"PUT expire-", "PUT delete-", "/deleting/", "DELETE expire-false-N-copy/backup/", "DELETE expire-true-N-copy/backup/", "DELETE expire-false-N-copy/files/", "DELETE expire-false-N-copy/log/",
		"DELETE delete-true-N-copy/files/", "/floors.json", "/catalog.json", "DELETE expire-false-N-copy/leases/", "DELETE delete-true-N-copy/leases/",
	)
}
