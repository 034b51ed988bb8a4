package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

// TestFlashbackTransactionCommand: the command shows what it would do, asks, and does it; without a yes it does nothing.
func TestFlashbackTransactionCommand(t *testing.T) {
	address := startGuideNode(t).Addresses().MySQL
	command := func(input string, args ...string) (int, string) {
		var out bytes.Buffer
		code := run(context.Background(), append(args, "--addr", address), strings.NewReader(input), &out, &out)
		return code, out.String()
	}
	sql := func(statement string) string {
		t.Helper()
		code, out := command("", "sql", "--format", "csv", "-e", statement)
		if code != 0 {
			t.Fatalf("%s: %s", statement, out)
		}
		_, rows, _ := strings.Cut(out, "\n")
		return strings.TrimSpace(rows)
	}
	for _, s := range []string{"CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, v INT)", "INSERT INTO d.t VALUES (1, 1)", "UPDATE d.t SET v = 2"} {
		sql(s)
	}
	xid := sql("SELECT xid FROM flashback_transaction_query WHERE operation = 'UPDATE'")
	if code, out := command("n\n", "flashback", "transaction", xid); code == 0 || !strings.Contains(out, "SET `v` = 1 WHERE `id` = 1") || sql("SELECT v FROM d.t") != "2" {
		t.Fatalf("without a yes: %d\n%s", code, out)
	}
	if code, out := command("y\n", "flashback", "transaction", xid, "--mode", "cascade"); code != 0 || sql("SELECT v FROM d.t") != "1" {
		t.Fatalf("with a yes: %d\n%s", code, out)
	}
	if code, out := command("", "flashback", "transaction", xid, "--yes"); code == 0 || !strings.Contains(out, "RD-1216") {
		t.Fatalf("once more: %d\n%s", code, out)
	}
}
