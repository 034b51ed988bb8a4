package node

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rs/zerolog"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"

	"redoubt/backup"
	"redoubt/backup/keyring"
	"redoubt/backup/repository"
)

// cloudKMS answers as Google's Cloud KMS does, and counts.
func cloudKMS(t *testing.T, asked *atomic.Int64) string {
	t.Helper()
	key, err := subtle.NewAESGCM([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Plaintext, Ciphertext, AdditionalAuthenticatedData []byte }
		asked.Add(1)
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.Header.Get("Authorization") != "Bearer a-token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		name, do, text := "ciphertext", key.Encrypt, in.Plaintext
		if strings.HasSuffix(r.URL.Path, ":decrypt") {
			name, do, text = "plaintext", key.Decrypt, in.Ciphertext
		}
		out, err := do(text, in.AdditionalAuthenticatedData)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		sum := fmt.Sprint(crc32.Checksum(out, crc32.MakeTable(crc32.Castagnoli)))
		_ = json.NewEncoder(w).Encode(map[string]any{name: out, name + "Crc32c": sum, "verifiedPlaintextCrc32c": true})
	}))
	t.Cleanup(s.Close)
	return "gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k?endpoint=" + s.URL
}

// TestKMSNode archives and backs up to a repository whose keys a cloud's service locks, and recovers each backup from it.
func TestKMSNode(t *testing.T) {
	ctx := context.Background()
	var asked atomic.Int64 // two of the node's goroutines may ask at once
	f := flags(t, filepath.Join(t.TempDir(), "data"))
	f["archive"], f["archive-every"], f["archive-key"] = "file://"+filepath.Join(t.TempDir(), "repository"), "20ms", cloudKMS(t, &asked)
	config, err := Load("", f)
	if err != nil {
		t.Fatal(err)
	}
	config.KMS = keyring.KMSCredentials{GCPToken: "a-token"}
	n, err := Open(ctx, config, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	db := connect(t, n)
	run(t, db, "CREATE DATABASE app", "CREATE TABLE app.t (id INT PRIMARY KEY)", "INSERT INTO app.t VALUES (1), (2)", "BACKUP DATABASE", "DELETE FROM app.t", "BACKUP DATABASE INCREMENTAL")
	awaitArchived(t, n)
	run(t, db, "RECOVER TABLE app.t TO LATEST AS app.u")
	if _, err := db.Exec("BACKUP DATABASE TO 'file:///tmp/nowhere' ENCRYPT KEY '" + f["archive-key"] + "'"); err == nil || !strings.Contains(err.Error(), "the node's credentials would go there") {
		t.Errorf("a statement that says where the key is asked for: %v", err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	options, err := config.repository("")
	if err != nil {
		t.Fatal(err)
	}
	r, err := repository.Open(ctx, f["archive"], options)
	if err != nil {
		t.Fatal(err)
	}
	v, err := VerifyRepository(ctx, r, t.TempDir(), backup.VerifyOptions{Level: backup.Restore})
	if err != nil || len(v.Damage) > 0 || v.Restored != 3 {
		t.Errorf("%+v, %v", v, err)
	}
	if asked.Load() == 0 {
		t.Error("nobody asked the service")
	}
}
