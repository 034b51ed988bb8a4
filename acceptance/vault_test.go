package acceptance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestVault locks the keys of a repository with a key of a real Vault: with a token that may do nothing else, over a rotation of
// Vault's own key, and with that server only.
func TestVault(t *testing.T) {
	program, err := exec.LookPath("vault")
	if err != nil {
		t.Skip("no vault is installed: go test ./backup/keyring has a server that answers as its documentation says")
	}
	address := freeAddress(t)
	vault := start(t, "vault", exec.Command(program, "server", "-dev", "-dev-no-store-token", "-dev-root-token-id=root", "-dev-listen-address="+address))
	ask := func(method, path string, body any) (answer map[string]any, err error) {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+"/v1/"+path, bytes.NewReader(b))
		if err != nil {
			return nil, err
		}
		r.Header.Set("X-Vault-Token", "root")
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			return nil, err
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err == nil && response.StatusCode >= 300 {
			err = fmt.Errorf("%s: %s", response.Status, text)
		}
		if err == nil && len(text) > 0 {
			err = json.Unmarshal(text, &answer)
		}
		return answer, err
	}
	must := func(method, path string, body any) map[string]any {
		t.Helper()
		answer, err := ask(method, path, body)
		if err != nil {
			t.Fatalf("%s %s: %v\n%s", method, path, err, vault.out)
		}
		return answer
	}
	eventually(t, time.Minute, "vault answers", func() error {
		_, err := ask(http.MethodGet, "sys/health", nil)
		return err
	})
	must(http.MethodPost, "sys/mounts/transit", map[string]string{"type": "transit"})
	must(http.MethodPost, "transit/keys/redoubt", map[string]string{})
	must(http.MethodPut, "sys/policies/acl/redoubt", map[string]string{"policy": `
		path "transit/encrypt/redoubt" { capabilities = ["update"] }
		path "transit/decrypt/redoubt" { capabilities = ["update"] }`})
	auth, ok := must(http.MethodPost, "auth/token/create", map[string]any{"policies": []string{"redoubt"}})["auth"].(map[string]any)
	token, isText := auth["client_token"].(string)
	if !ok || !isText {
		t.Fatal("vault gave no token")
	}

	dir := t.TempDir()
	key, tokenFile, repository := filepath.Join(dir, "vault.key"), filepath.Join(dir, "token"), "file://"+filepath.Join(dir, "repository")
	if err := os.WriteFile(tokenFile, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	redoubt := func(args ...string) (string, error) {
		return runProgram(t.Context(), 2*time.Minute, "", binary, args...)
	}
	mustRun := func(args ...string) string {
		t.Helper()
		out, err := redoubt(args...)
		if err != nil {
			t.Fatalf("redoubt %v: %v\n%s", args, err, out)
		}
		return out
	}
	mustRun("key", "create", key, "--vault", "http://"+address, "--vault-key", "redoubt", "--vault-token-file", tokenFile)
	if b, err := os.ReadFile(key); err != nil || bytes.Contains(b, []byte(token)) {
		t.Errorf("the key file has the token: %s, %v", b, err)
	}
	s := startServer(t, still, "--archive", repository, "--archive-every=50ms", "--encrypt-key", key)
	db := open(t, s.mysql, "")
	mustExec(t, db, "CREATE DATABASE canary", "CREATE TABLE canary.canary (canary VARCHAR(100))", "INSERT INTO canary.canary VALUES ('the canary sings')")
	must(http.MethodPost, "transit/keys/redoubt/rotate", map[string]string{})
	mustRun("key", "rotate", "--repo", repository, "--encrypt-key", key)
	mustExec(t, db, "INSERT INTO canary.canary VALUES ('after a rotation')")
	mustRun("backup", "full", "--addr", s.mysql)
	eventually(t, time.Minute, "everything is archived", func() error {
		if gap := one(t, db, "SELECT gap_scn FROM redoubt.`V$ARCHIVE`"); gap != "0" {
			return errors.New("the gap is " + gap)
		}
		return nil
	})
	at := strings.Fields(position(t, db))
	s.kill()
	mustRun("key", "rewrap", "--repo", repository, "--encrypt-key", key, "--to-key", key) // to the newest version of Vault's key
	must(http.MethodPost, "transit/keys/redoubt/config", map[string]int{"min_decryption_version": 2})
	recovered := func() (string, error) {
		return redoubt("recover", "--repo", repository, "--data", filepath.Join(t.TempDir(), "again"), "--to-scn", at[0], "--encrypt-key", key)
	}
	out, err := recovered()
	if m := printedHash.FindStringSubmatch(out); err != nil || m == nil || m[1] != at[1] {
		t.Fatalf("recovered to SCN %s, where the hash was %s: %v\n%s", at[0], at[1], err, out)
	}
	if err := os.WriteFile(tokenFile, []byte("s.other"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := recovered(); err == nil || !strings.Contains(out, "refuses the token") {
		t.Errorf("with another token: %v\n%s", err, out)
	}
	vault.kill()
	if out, err := recovered(); err == nil || !strings.Contains(out, "key redoubt of Vault") {
		t.Errorf("without Vault: %v\n%s", err, out)
	}
}
