package server

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// sleeper is a server that answers once a file is there.
func sleeper(t *testing.T, script string) *Kind {
	t.Helper()
	return &Kind{
		Name:    "sleeper",
		command: func(dir string, _ [3]int) *exec.Cmd { return orphanless(exec.Command("sh", "-c", script, "sh", dir)) },
		client:  func(dir string, _ [3]int) (Client, error) { return fileClient(filepath.Join(dir, "ready")), nil },
	}
}

type fileClient string

func (f fileClient) Ask(context.Context, string) (string, error) {
	b, err := os.ReadFile(string(f))
	return string(b), err
}

func (f fileClient) Close() error { return nil }

func TestAnswerThenKill(t *testing.T) {
	r, err := sleeper(t, `sleep 0.05; echo yes > "$1/ready"; sleep 60 & sleep 60`).Start(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	took, err := r.Answer(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	if took < 50*time.Millisecond {
		t.Errorf("it answered after %v, before it could", took)
	}
	m, err := r.Memory()
	if err != nil {
		t.Fatal(err)
	}
	if m.Resident <= 0 || m.Proportional <= 0 {
		t.Errorf("memory %+v", m)
	}
	children := family(r.PID())
	for _, pid := range children {
		if pid != r.PID() {
			p, err := os.FindProcess(pid)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = p.Kill() })
			if err := p.Kill(); err != nil { // a shell's children do not see that it has gone
				t.Error(err)
			}
		}
	}
	if err := r.Kill(); err != nil {
		t.Fatal(err)
	}
	if alive(r.PID()) {
		t.Error("it is still there")
	}
}

func TestAnswerOfOneThatEnds(t *testing.T) {
	r, err := sleeper(t, "echo no room; exit 3").Start(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Answer(t.Context(), ""); err == nil {
		t.Error("it answered though it had ended")
	}
	if err := r.Kill(); err != nil {
		t.Error(err)
	}
}
