package lease

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"redoubt/backup/store"
)

// childFolder, in the environment, makes the test binary a process that takes a lease there, says its name and waits to be killed.
const childFolder = "REDOUBT_TEST_LEASE_FOLDER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		hold(dir)
	}
	os.Exit(m.Run())
}

func hold(dir string) {
	s, err := store.OpenDir(dir)
	if err != nil {
		panic(err)
	}
	l, err := Take(context.Background(), s, Use, "a backup", nil)
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Name())
	select {}
}

// startHolder starts a process that holds a lease.
func startHolder(t *testing.T) (s store.Store, child *exec.Cmd, name string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("this system does not tell which process a holder is")
	}
	dir := t.TempDir()
	s, err := store.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	child = exec.Command(os.Args[0])
	child.Env, child.Stderr = append(os.Environ(), childFolder+"="+dir), os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = child.Process.Kill() // it may be dead
		_ = child.Wait()
	})
	if name, err = bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return s, child, strings.TrimSpace(name)
}

func holderOf(t *testing.T, s store.Store, name string) Holder {
	t.Helper()
	h, err := Read(t.Context(), s, name)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// observer is this process, as one that finds others' leases.
func observer(t *testing.T) *Holder {
	t.Helper()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	return &Holder{Host: host, PID: os.Getpid(), Birth: born()}
}

// TestKilled: the lease of a process that was killed is in nobody's way but for two looks, also while nobody has waited for the process.
func TestKilled(t *testing.T) {
	s, child, name := startHolder(t)
	h, me := holderOf(t, s, name), observer(t)
	if h.PID != child.Process.Pid || h.gone(me) {
		t.Fatalf("process %d lives, and its lease says %+v", child.Process.Pid, h)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); !h.gone(me); {
		if time.Now().After(deadline) {
			t.Fatal("a process that was killed, and that nobody has waited for, is taken for alive")
		}
		runtime.Gosched()
	}
	_ = child.Wait() // it was killed
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		l, err := Take(t.Context(), s, Delete, "expire", func(h *Holder) { t.Errorf("was told to wait for %s", h) })
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 2*lookEvery {
			t.Errorf("it took %s", took)
		}
		release(t, l)
	})
}

// TestBirth: only who is of the same boot and sees the same processes judges by them, and a number that is used again is another process.
func TestBirth(t *testing.T) {
	s, child, name := startHolder(t)
	h, me := holderOf(t, s, name), observer(t)
	again := h
	again.Birth.Start++
	if !again.gone(me) {
		t.Error("a process that began at another time is taken for the holder")
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed
	if !h.gone(me) {
		t.Fatal("a process that was killed is taken for alive")
	}
	for what, change := range map[string]func(*Holder){
		"another host":      func(h *Holder) { h.Host += "x" },
		"another boot":      func(h *Holder) { h.Birth.Boot += "x" },
		"another namespace": func(h *Holder) { h.Birth.Namespace += "x" },
		"an older version":  func(h *Holder) { h.Birth = Birth{} },
	} {
		other := h
		if change(&other); other.gone(me) {
			t.Errorf("%s: found dead by its number", what)
		}
	}
	h.Birth.Boot = "another"
	text, err := json.Marshal(&h)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), name, bytes.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		release(t, take(t, s, Delete, "expire"))
		if took := time.Since(began); took < DeadAfter {
			t.Errorf("a holder of another boot was given %s", took)
		}
	})
}

// TestHolder is the golden of docs/formats/repository.md.
func TestHolder(t *testing.T) {
	page, err := os.ReadFile("../../docs/formats/repository.md")
	if err != nil {
		t.Fatal(err)
	}
	h := Holder{
		Host: "db1", PID: 4711, What: "redoubt backup expire", Since: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Beat: 7,
		Birth: Birth{Boot: "f2cca54f-0e55-4f59-833a-d9f99ad052d7", Namespace: "pid:[4026531836] time:[4026531834]", Start: 123456},
	}
	for _, h := range []Holder{h, {Host: h.Host, PID: h.PID, What: h.What, Since: h.Since, Beat: h.Beat}} {
		text, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		if h.Birth == (Birth{}) && bytes.Contains(text, []byte("birth")) {
			t.Errorf("a birth that nobody knows is in %s", text)
		}
		if shown := strings.Join(strings.Fields(string(page)), " "); h.Birth != (Birth{}) && !strings.Contains(shown, string(text)) {
			t.Errorf("docs/formats/repository.md does not show %s", text)
		}
	}
}
