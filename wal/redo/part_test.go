package redo

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// inParts gives the sample transaction as three parts and what its group has.
func inParts() (parts [][]byte, last []byte) {
	t := sampleTransaction()
	for _, p := range []Part{
		{Statements: t.Statements, Claims: t.Claims[:1]},
		{Claims: t.Claims[1:2], Changes: t.Changes[:1]},
		{Changes: t.Changes[1:]},
	} {
		p.XID, p.ReadSCN, p.Number = t.XID, t.ReadSCN, len(parts)+1
		parts = append(parts, AppendPart(nil, &p))
	}
	t.Parts, t.Statements, t.Claims, t.Changes = len(parts), nil, t.Claims[2:], nil
	return parts, AppendTransaction(nil, t)
}

func TestPartsMakeTheWholeTransaction(t *testing.T) {
	parts, last := inParts()
	var a Assembler
	for _, p := range parts {
		if err := a.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	body, tables, err := a.Finish(last)
	if err != nil {
		t.Fatal(err)
	}
	if want := AppendTransaction(nil, sampleTransaction()); !bytes.Equal(body, want) {
		t.Fatalf("\n got %x\nwant %x", body, want)
	}
	if fmt.Sprint(tables) != "[1001 1004]" {
		t.Fatalf("tables %v", tables)
	}
	head, changes, err := DecodeHead(body)
	if err != nil || len(head.Claims) != 3 || head.User != "ann" {
		t.Fatalf("head %+v: %v", head, err)
	}
	for want := range []int{2, 1, 0} {
		got, err := changes.Next(2)
		if err != nil || len(got) != []int{2, 1, 0}[want] {
			t.Fatalf("%d changes: %v", len(got), err)
		}
	}
}

func TestPartsThatDoNotFit(t *testing.T) {
	parts, last := inParts()
	refused := func(what string, last []byte, parts ...[]byte) {
		t.Helper()
		var a Assembler
		for _, p := range parts {
			if err := a.Add(p); err != nil {
				return
			}
		}
		if _, _, err := a.Finish(last); err == nil {
			t.Errorf("%s: taken", what)
		}
	}
	refused("a part is missing at the end", last, parts[:2]...)
	refused("a part is missing in the middle", last, parts[0], parts[2])
	refused("a part twice", last, parts[0], parts[0], parts[1], parts[2])
	refused("parts of another", last, parts[0], AppendPart(nil, &Part{XID: 1, Number: 2}), parts[2])
	refused("a transaction without parts", AppendTransaction(nil, sampleTransaction()), parts...)
	for i := range parts[1] {
		b := bytes.Clone(parts[1])
		b[i] ^= 4
		if _, err := DecodePart(b); err == nil {
			t.Errorf("with byte %d changed it decodes", i)
		}
		if _, err := DecodePart(parts[1][:i]); err == nil {
			t.Errorf("cut to %d bytes it decodes", i)
		}
	}
	other := bytes.Clone(parts[0])
	other[3] = 9
	if _, _, err := PartHead(other); !errors.Is(err, ErrVersion) {
		t.Errorf("of another version: %v", err)
	}
}

// TestGoldenParts keeps the format of parts: these bytes must decode for ever.
func TestGoldenParts(t *testing.T) {
	parts, last := inParts()
	text := ""
	for _, b := range append(parts, AppendPart(nil, &Part{XID: 0x1234567890}), last) {
		text += hex.Dump(b) + "\n"
	}
	path := filepath.Join("testdata", "parts.hex")
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if golden, err := os.ReadFile(path); err != nil || string(golden) != text {
		t.Fatalf("the encoding has changed (%v); a new version of the format is needed:\n%s", err, text)
	}
	p, err := DecodePart(parts[2])
	if err != nil || p.Number != 3 || p.ReadSCN != 41 || len(p.Changes) != 2 || p.Changes[0].Statement != 1 {
		t.Fatalf("%+v, %v", p, err)
	}
	whole, err := DecodeTransaction(last)
	if err != nil || whole.Parts != 3 || whole.Program != "shop" {
		t.Fatalf("%+v, %v", whole, err)
	}
}

func FuzzDecodePart(f *testing.F) {
	parts, last := inParts()
	for _, p := range parts {
		f.Add(p, last)
	}
	f.Fuzz(func(t *testing.T, b, last []byte) {
		p, err := DecodePart(b)
		if err == nil {
			again, err := DecodePart(AppendPart(nil, p))
			if err != nil || fmt.Sprint(again) != fmt.Sprint(p) {
				t.Fatalf("does not survive a round trip: %v\n%v\n%v", err, p, again)
			}
		}
		var a Assembler
		if added := a.Add(b); added == nil && err != nil {
			t.Fatalf("assembled, but does not decode: %v", err)
		}
		if body, _, err := a.Finish(last); err == nil {
			if _, err := TransactionTables(body); err != nil {
				t.Fatalf("what was assembled is no transaction: %v", err)
			}
		}
	})
}
