package infile

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// show writes rows as one text: fields apart by |, rows by /, NULL as ␀, a row with more than was wanted with + behind.
func show(t *testing.T, text string, f Format, want int) string {
	t.Helper()
	r := NewReader(iotest.OneByteReader(strings.NewReader(text)), f, 100)
	var rows []string
	for {
		fields, more, err := r.Read(want, nil)
		if errors.Is(err, io.EOF) {
			return strings.Join(rows, " / ")
		}
		if err != nil {
			return strings.Join(append(rows, "error: "+err.Error()), " / ")
		}
		var texts []string
		for _, f := range fields {
			if f.Null {
				f.Text = "␀"
			}
			texts = append(texts, f.Text)
		}
		row := strings.Join(texts, "|")
		if more {
			row += "+"
		}
		rows = append(rows, row)
	}
}

func TestRows(t *testing.T) {
	tabs := Format{FieldEnd: "\t", Escaped: `\`, LineEnd: "\n"}
	csv := Format{FieldEnd: ",", Enclosed: `"`, Escaped: `\`, LineEnd: "\n"}
	with := func(f Format, change func(*Format)) Format { change(&f); return f }
	cases := []struct {
		name   string
		format Format
		text   string
		want   string
	}{
		{"plain", tabs, "1\ta\n2\tb\n", "1|a / 2|b"},
		{"no end of the last line", tabs, "1\ta\n2\tb", "1|a / 2|b"},
		{"an empty line is one empty field", tabs, "\n1\ta\n", " / 1|a"},
		{"empty fields", tabs, "\t\n", "|"},
		{"a missing field", tabs, "1\n2\tb\n", "1 / 2|b"},
		{"too many fields", tabs, "1\ta\tx\ty\n2\tb\n", "1|a+ / 2|b"},
		{"a terminator behind the last field", tabs, "1\ta\t\n2\tb\n", "1|a / 2|b"},
		{"escapes", tabs, `1` + "\t" + `a\tb\nc\\d\Z\0\q` + "\n", "1|a\tb\nc\\d\x1a\x00q"},
		{"an escaped end", tabs, "1\ta\\\nb\\\tc\n", "1|a\nb\tc"},
		{"NULL", tabs, "\\N\t\\Nx\nNULL\tN\n", "␀|Nx / NULL|N"},
		{"an escape at the end", tabs, "1\ta\\", `1|a\`},
		{"no escapes", with(tabs, func(f *Format) { f.Escaped = "" }), "\\N\ta\\b\n", `\N|a\b`},
		{"enclosed", csv, "\"1\",\"a\"\n", "1|a"},
		{"some enclosed", csv, "1,\"a\"\n\"2\",b\n", "1|a / 2|b"},
		{"terminators inside", csv, "1,\"a,b\nc\"\n2,d\n", "1|a,b\nc / 2|d"},
		{"doubled quotes", csv, "1,\"say \"\"a\"\"\"\n", `1|say "a"`},
		{"a quote inside", csv, "1,\"a\"b\"\n2,c\"d\"\n", `1|a"b / 2|c"d"`},
		{"an escaped quote", csv, `1,"a\"b"` + "\n", `1|a"b`},
		{"NULL among enclosed fields", csv, "NULL,\"NULL\"\n\\N,\"\\N\"\n", "␀|NULL / ␀|␀"},
		{"a quote that stays open", csv, "1,\"a\n2,b\n", "1|\"a\n2,b\n"},
		{"quotes escape themselves", with(csv, func(f *Format) { f.Escaped = `"` }), "1,\"a\"\"b\\n\"\n", `1|a"b\n`},
		{"long terminators", Format{FieldEnd: "<>", LineEnd: "\r\n"}, "1<>a<\r\n2<>b\rc\r\n", "1|a< / 2|b\rc"},
		{"starts of lines", with(csv, func(f *Format) { f.LineStart = "xxx" }), "xxx\"1\",\"a\"\nnothing\nhere xxx2,b\nxx", "1|a / 2|b"},
		{"lines without an end", with(csv, func(f *Format) { f.LineEnd = "" }), "1,a,2,b", "1|a / 2|b"},
		{"fields and lines end alike", with(csv, func(f *Format) { f.LineEnd = "," }), "1,a,2,b,", "1|a / 2|b"},
		{"a field that is too long", csv, "1," + strings.Repeat("x", 101) + "\n", "error: a field is longer than 100 bytes"},
		{"nothing", csv, "", ""},
	}
	for _, c := range cases {
		if got := show(t, c.text, c.format, 2); got != c.want {
			t.Errorf("%s: %q: got %q, want %q", c.name, c.text, got, c.want)
		}
	}
}

func TestSkip(t *testing.T) {
	for lines, want := range []string{"h", "1", "2", "", ""} {
		r := NewReader(strings.NewReader("h,\\\nx\n1,a\n2,b\n"), Format{FieldEnd: ",", Escaped: `\`, LineEnd: "\n"}, 100)
		if err := r.Skip(int64(lines)); err != nil {
			t.Fatal(err)
		}
		fields, _, err := r.Read(2, nil)
		if want == "" {
			if !errors.Is(err, io.EOF) {
				t.Errorf("behind the end: %v, %v", fields, err)
			}
		} else if err != nil || fields[0].Text != want {
			t.Errorf("after %d lines: got %v, %v; want %s first", lines, fields, err, want)
		}
	}
}

func TestBrokenFile(t *testing.T) {
	broken := errors.New("broken")
	r := NewReader(io.MultiReader(strings.NewReader("1,a\n2,"), iotest.ErrReader(broken)), Format{FieldEnd: ",", LineEnd: "\n"}, 100)
	if _, _, err := r.Read(2, nil); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Read(2, nil); !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
}

func TestValidate(t *testing.T) {
	for _, f := range []Format{{}, {FieldEnd: ",", Enclosed: "''"}, {FieldEnd: ",", Escaped: "ab"}} {
		if f.Validate() == nil {
			t.Errorf("%+v is taken", f)
		}
	}
}

// FuzzReader: whatever a file holds, reading it ends, and no field has more than its limit and one escape.
func FuzzReader(f *testing.F) {
	f.Add("1,\"a\"\"\n\\N,x", ",", `"`, `\`, "", "\n")
	f.Add("x1;;2;;", ";;", "", "", "x", "")
	f.Fuzz(func(t *testing.T, text, fieldEnd, enclosed, escaped, lineStart, lineEnd string) {
		format := Format{fieldEnd, enclosed, escaped, lineStart, lineEnd}
		if format.Validate() != nil {
			return
		}
		r := NewReader(strings.NewReader(text), format, 1000)
		for range len(text) + 1 {
			fields, _, err := r.Read(3, nil)
			if err != nil {
				return
			}
			if len(fields) == 0 || len(fields) > 3 {
				t.Fatalf("a row of %d fields", len(fields))
			}
		}
		t.Fatal("there is no end")
	})
}
