package main

import (
	"strings"
	"testing"
)

// TestRecoverIntoFlags: what cannot be meant is refused with what to do.
func TestRecoverIntoFlags(t *testing.T) {
	repository := "file://" + t.TempDir()
	for want, args := range map[string]string{
		"say which node gets it: --into":                "recover --latest --table shop.t",
		"say what goes into that node: --table":         "recover --latest --into 127.0.0.1:1",
		"--as is the name of a table or schema":         "recover --latest --data x --as y",
		"if any flags in the group [table schema]":      "recover --latest --into 127.0.0.1:1 --table a.b --schema a",
		"if any flags in the group [data into]":         "recover --latest --into 127.0.0.1:1 --table a.b --data x",
		"--table shop: say SCHEMA.TABLE":                "recover --latest --into 127.0.0.1:1 --table shop",
		"connection refused":                            "recover --latest --into 127.0.0.1:1 --table a.b",
		"--table t: say SCHEMA.TABLE":                   "replay --into 127.0.0.1:1 --table t",
		"is not the id of a transaction":                "replay --into 127.0.0.1:1 --except-transaction x",
		"the range is empty":                            "replay --into 127.0.0.1:1 --from-scn 5 --to-scn 4",
		"--speed must not be negative":                  "replay --into 127.0.0.1:1 --speed -1",
		`required flag(s) "into"`:                       "replay",
		"write 30m, 12h or 7d":                          "clone create x --scn 1 --expires soon",
		"at least one of the flags in the group [snaps": "clone create x",
	} {
		list := strings.Fields(args)
		if list[0] != "clone" {
			list = append(list, "--repo", repository)
		}
		if _, errs, code := redoubt(t, list...); code != 1 || !strings.Contains(errs, want) {
			t.Errorf("%s: exit %d, %s, want %s", args, code, errs, want)
		}
	}
}
