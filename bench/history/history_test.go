package history

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestSizeOfFolders(t *testing.T) {
	dir := t.TempDir()
	for name, bytes := range map[string]int{"state/a": 10, "state/sub/b": 5, "segments/c": 7, "log/d": 100} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, make([]byte, bytes), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	c := &Config{System: Redoubt}
	size, err := c.size(dir)
	if err != nil {
		t.Fatal(err)
	}
	if size["tables"] != 15 || size["segments"] != 7 {
		t.Errorf("got %v, want 15 bytes of tables and 7 of segments", size)
	}
}

// A small measurement of the real binary: so few versions that their size says nothing, but all steps are taken.
func TestRedoubt(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds and starts a server")
	}
	binary := filepath.Join(t.TempDir(), "redoubt")
	if said, err := exec.Command("go", "build", "-o", binary, "../../cmd/redoubt").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, said)
	}
	raw, err := json.Marshal(Config{System: Redoubt, Binary: binary, Dir: t.TempDir(), Clients: 2, Seconds: 0.5, Ahead: 1, Passes: 2, Still: 0.2})
	if err != nil {
		t.Fatal(err)
	}
	f, err := Measure(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"per_second", "cpu_us", "p50_us", "p99_us"} {
		if !(f[name] > 0) || math.IsInf(f[name], 0) {
			t.Errorf("%s is %v", name, f[name])
		}
	}
	if _, weighed := f["bytes_per_version"]; !weighed {
		t.Errorf("no size in %v", f)
	}
}
