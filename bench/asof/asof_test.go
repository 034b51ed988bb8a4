package asof

import (
	"encoding/json"
	"testing"
)

// A small measurement of Redoubt: compare checks that the past that is read is the past that was written.
func TestRedoubt(t *testing.T) {
	c := Config{System: "redoubt", Dir: t.TempDir(), SpreadVersions: 2 * Rows, HotVersions: 20, Rounds: 1, Seconds: 0.01}
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Measure(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	for _, reader := range []string{"sql", "engine"} {
		for _, rc := range cases() {
			name := reader + "_" + rc.name
			if f[name+"_now_us"] <= 0 || f[name+"_past_us"] <= 0 || f[name+"_ratio"] <= 0 {
				t.Errorf("%s: figures %v", name, f)
			}
		}
	}
}

// A past that is not what it was must be noticed.
func TestCheck(t *testing.T) {
	c := &Config{SpreadVersions: 3 * Rows, HotVersions: 5}
	right := func(past bool, table string, _, _ int) (int, error) {
		switch {
		case past:
			return 0, nil
		case table == "hot":
			return 5, nil
		}
		return 3, nil
	}
	wrong := func(_ bool, table string, first, rows int) (int, error) { return right(false, table, first, rows) }
	for _, rc := range cases() {
		if err := c.check(reader{"right", right}, rc); err != nil {
			t.Error(err)
		}
		if c.check(reader{"wrong", wrong}, rc) == nil {
			t.Errorf("%s: the past was now, and it was not noticed", rc.name)
		}
	}
}
