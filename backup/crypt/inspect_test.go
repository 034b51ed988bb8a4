package crypt

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestInspect(t *testing.T) {
	keys := &fakeKeys{}
	keys.add(t)
	s, dir := open(t, keys)
	put(t, s, "log/a", make([]byte, 2*blockBytes))
	file := filepath.Join(strings.TrimPrefix(dir.String(), "file://"), "log", "a.key-00001000")
	whole, err := os.ReadFile(file)
	if err != nil || !IsObjectFile(filepath.Base(file)) || IsObjectFile("seg-00000001.seg") {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := Inspect(file, &out); err != nil || !strings.Contains(out.String(), "encrypted object log/a, format 1, key 00001000, 2097277 bytes, which hold 2097152 in 3 blocks") {
		t.Errorf("%s, %v", out.String(), err)
	}
	moved := filepath.Join(filepath.Dir(file), "b.key-00001000")
	for want, b := range map[string][]byte{
		"does not begin": []byte("plaintext"), "cut off": whole[:len(whole)-1], "is cut off": whole[:25],
	} {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Inspect(file, &out); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d bytes: %v, want an error with %q", len(b), err, want)
		}
	}
	if err := os.WriteFile(moved, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Inspect(moved, &out); err == nil || !strings.Contains(err.Error(), "another object") {
		t.Errorf("under another name: %v", err)
	}
}
