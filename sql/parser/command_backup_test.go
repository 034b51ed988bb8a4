package parser

import (
	"fmt"
	"testing"

	"redoubt/sql/sqlcode"
)

func TestBackupForms(t *testing.T) {
	f := newFixture(t)
	ctx := setup(f)
	f.must(ctx, "set @where = 'file:///r', @tag = 'x y'")
	for text, want := range map[string]Backup{
		"backup database":                                     {Kind: "full"},
		"BACKUP DATABASE FULL TO 'file:///r'":                 {Kind: "full", Repository: "file:///r"},
		"backup database incremental to @where tag @tag":      {Kind: "incremental", Repository: "file:///r", Tag: "x y"},
		"backup database differential tag 'a' limit '5MB/s'":  {Kind: "differential", Tag: "a", Limit: "5MB/s"},
		"backup database limit concat('5', 'MB/s')":           {Kind: "full", Limit: "5MB/s"},
		"backup database tag 't' encrypt key '/k'":            {Kind: "full", Tag: "t", Key: "/k"},
		"backup archivelog":                                   {Kind: "archivelog"},
		"backup archivelog to 'file:///r' limit '1MiB/s'":     {Kind: "archivelog", Repository: "file:///r", Limit: "1MiB/s"},
		"backup database full to 'a' tag 'b' limit '3000000'": {Kind: "full", Repository: "a", Tag: "b", Limit: "3000000"},
	} {
		f.must(ctx, text)
		ran, ok := f.exec.last().(*Backup)
		if !ok {
			t.Errorf("%s ran %T", text, f.exec.last())
			continue
		}
		got := Backup{Kind: ran.Kind, Repository: ran.Repository, Tag: ran.Tag, Limit: ran.Limit, Key: ran.Key}
		if got != want {
			t.Errorf("%s: %+v, want %+v", text, got, want)
		}
	}
	f.must(ctx, "alter backup limit 'none'")
	if ran, ok := f.exec.last().(*LimitBackup); !ok || ran.Limit != "none" {
		t.Errorf("ran %+v", f.exec.last())
	}
	for _, text := range []string{
		"backup database sometimes", "backup database to", "backup archivelog tag 'x'", "backup database tag 'x' to 'y'", "alter backup limit", "backup database tag 5", "backup",
	} {
		_, _, err := f.run(ctx, text)
		if code, ok := sqlcode.Of(err); err == nil || ok && code.ID != sqlcode.IDSyntax && code.ID != sqlcode.IDCommandArgument {
			t.Errorf("%s: %s", text, fmt.Sprint(err))
		}
	}
}
