package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redoubt/backup"
)

// TestVerificationSchedule: a repository is verified by itself; what is damaged is named by health check, metric and views, as long
// as it is.
func TestVerificationSchedule(t *testing.T) {
	f, repository := archived(t)
	f["verify-every"], f["verify-level"] = "30ms", "standard"
	n := start(t, f)
	t.Cleanup(func() { n.Close() })
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)", "INSERT INTO app.t VALUES (1)", "BACKUP DATABASE")
	taken := get(t, db, "SELECT NOW(6)")
	await(t, db, "SELECT COUNT(*) > 0 FROM redoubt.V$VERIFICATION_SCHEDULE WHERE status = 'OK' AND last_level = 'standard' AND last_started > '"+taken+"' AND next > last_started", "1")
	healthy := "SELECT CONCAT(healthy, ' ', COALESCE(message, '')) FROM redoubt.V$HEALTH WHERE name = 'verification'"
	if got := get(t, db, healthy); got != "1 " {
		t.Errorf("V$HEALTH says %s", got)
	}
	m, err := backup.List(context.Background(), repository)
	if err != nil || len(m) != 1 {
		t.Fatal(m, err)
	}
	largest := &m[0].Files[0]
	for i := range m[0].Files {
		if m[0].Files[i].Bytes > largest.Bytes {
			largest = &m[0].Files[i]
		}
	}
	object := largest.Object()
	path := filepath.Join(strings.TrimPrefix(repository.String(), "file://"), filepath.FromSlash(object))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(whole)
	damaged[len(damaged)/2] ^= 1
	// It was read and found whole just now, so that it is its age, or another level, by which it is read again.
	if err := os.WriteFile(path, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	awaitThat(t, "the schedule's own verification to find it", func() bool {
		// Again if one of the schedule's had read the object before, and was done later than this one.
		if _, err := VerifyRepository(context.Background(), repository, t.TempDir(), backup.VerifyOptions{Level: backup.Whole}); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			if get(t, db, "SELECT COUNT(*) > 0 FROM redoubt.V$BACKUP_VERIFICATION WHERE level = 'standard' AND status = 'DAMAGED' AND block = 0 AND object = '"+object+"'") == "1" {
				return true
			}
			time.Sleep(10 * time.Millisecond)
		}
		return false
	})
	await(t, db, "SELECT status FROM redoubt.V$VERIFICATION_SCHEDULE", "DAMAGED")
	if got := get(t, db, healthy); !strings.Contains(got, object+": checksum mismatch in block 0") || !strings.HasPrefix(got, "0 ") {
		t.Errorf("V$HEALTH says %s", got)
	}
	if got := get(t, db, "SELECT state FROM redoubt.V$BACKUP"); got != "CORRUPTED" {
		t.Errorf("the damaged backup is %s", got)
	}
	if text := metricsOf(t, n); !strings.Contains(text, fmt.Sprintf("redoubt_verification_damaged_objects{destination=%q} 1", repository.String())) || !strings.Contains(text, "redoubt_verification_age_seconds{") {
		t.Error("the metrics say nothing of it")
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := VerifyRepository(context.Background(), repository, t.TempDir(), backup.VerifyOptions{Level: backup.Whole}); err != nil {
		t.Fatal(err)
	}
	await(t, db, "SELECT status FROM redoubt.V$VERIFICATION_SCHEDULE", "OK")
	if left, _ := filepath.Glob(filepath.Join(n.config.Data, verifyDir, "redoubt-*", "*")); len(left) > 10 {
		t.Errorf("left behind: %v", left)
	}
}

func metricsOf(t *testing.T, n *Node) string {
	t.Helper()
	response, err := http.Get("http://" + n.Addresses().HTTP + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestVerificationStatus: when a verification is due, and what is told, by what there was.
func TestVerificationStatus(t *testing.T) {
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(hour int) time.Time { return began.Add(time.Duration(hour) * time.Hour) }
	ran := func(hour int, level backup.Level, damaged bool) backup.Verification {
		v := backup.Verification{ID: fmt.Sprint(hour), Level: level, Started: at(hour), Finished: at(hour)}
		if damaged {
			v.Damage = []backup.Damage{{Object: "files/x", Kind: backup.Mismatch, Block: 3}}
		}
		return v
	}
	failure := errors.New("no route to host")
	for _, c := range []struct {
		name   string
		every  time.Duration
		list   []backup.Verification
		failed error
		now    int
		due    bool
		status string
	}{
		{"new", 24 * time.Hour, nil, nil, 0, true, "NONE"},
		{"no schedule", 0, nil, nil, 1000, false, "NONE"},
		{"not yet due", 24 * time.Hour, []backup.Verification{ran(0, backup.Standard, false)}, nil, 23, false, "OK"},
		{"due", 24 * time.Hour, []backup.Verification{ran(0, backup.Standard, false)}, nil, 24, true, "OK"},
		{"one that read less does not count", 24 * time.Hour, []backup.Verification{ran(0, backup.Standard, false), ran(23, backup.Quick, false)}, nil, 24, true, "OK"},
		{"one that read more does", 24 * time.Hour, []backup.Verification{ran(0, backup.Standard, false), ran(23, backup.Restore, false)}, nil, 24, false, "OK"},
		{"overdue", 24 * time.Hour, []backup.Verification{ran(0, backup.Standard, false)}, nil, 49, true, "OVERDUE"},
		{"cannot", 24 * time.Hour, []backup.Verification{ran(0, backup.Standard, false)}, failure, 24, true, "FAILED"},
		{"damaged", 24 * time.Hour, []backup.Verification{ran(0, backup.Standard, true)}, nil, 1, false, "DAMAGED"},
		{"damaged, looked at since", 24 * time.Hour, []backup.Verification{ran(0, backup.Standard, true), ran(1, backup.Quick, false)}, nil, 2, false, "DAMAGED"},
		{"healed", 24 * time.Hour, []backup.Verification{ran(0, backup.Standard, true), ran(1, backup.Whole, false), ran(2, backup.Quick, false)}, nil, 2, false, "OK"},
	} {
		v := &verifications{n: &Node{config: &Config{VerifyEvery: c.every, VerifyLevel: backup.Standard}}, d: &destination{}, began: began, scheduled: scheduled[backup.Verification]{list: c.list, failed: c.failed}}
		if got := v.due(at(c.now)); got != c.due {
			t.Errorf("%s: due is %v", c.name, got)
		}
		if got := v.status(at(c.now)); got.Status != c.status || (got.Problem == "") != (c.status == "OK" || c.status == "NONE") {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}
