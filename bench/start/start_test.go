package start

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
)

// One crash and one start of Redoubt, with a little redo: the start must answer with a row that was committed before.
func TestCrashAndStart(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "redoubt")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./cmd/redoubt")
	build.Dir = filepath.Join("..", "..")
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v: %s", err, said)
	}
	c := Config{System: "redoubt", Binary: binary, Crashed: filepath.Join(t.TempDir(), "crashed"), RedoBytes: 1 << 20}
	f, err := Crash(t.Context(), encode(t, c))
	if err != nil {
		t.Fatal(err)
	}
	if f["redo_bytes"] < 1<<20 || f["rows"] < 1000 {
		t.Errorf("what was killed: %v", f)
	}
	for range 2 { // the crashed directory must stay as it was
		c.Dir = t.TempDir()
		if f, err = Start(t.Context(), encode(t, c)); err != nil {
			t.Fatal(err)
		}
		if f["seconds"] <= 0 {
			t.Errorf("start: %v", f)
		}
	}
}

func encode(t *testing.T, c Config) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestUnknownSystem(t *testing.T) {
	if _, err := Rest(t.Context(), encode(t, Config{System: "none"})); err == nil {
		t.Error("an unknown system was measured")
	}
}
