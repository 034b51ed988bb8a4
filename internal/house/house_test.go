package house

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	root   = "../.."
	module = "redoubt"
)

// source is what the tests want to know of one package.
type source struct {
	imports map[string]bool // packages of this module, without its name, by files that are not tests
	comment string
}

// sources reads all packages of the main module.
func sources(t *testing.T) map[string]*source {
	t.Helper()
	found := map[string]*source{}
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			_, nested := os.Stat(filepath.Join(file, "go.mod"))
			if file != root && (nested == nil || strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata" || entry.Name() == "node_modules") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		return read(found, file)
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func read(found map[string]*source, file string) error {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly|parser.ParseComments)
	if err != nil {
		return err
	}
	dir, err := filepath.Rel(root, filepath.Dir(file))
	if err != nil {
		return err
	}
	s := found[dir]
	if s == nil {
		s = &source{imports: map[string]bool{}}
		found[dir] = s
	}
	if parsed.Doc != nil {
		s.comment += parsed.Doc.Text()
	}
	for _, spec := range parsed.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		if rest, ok := strings.CutPrefix(name, module+"/"); ok {
			s.imports[rest] = true
		}
	}
	return nil
}

// rules reads the table of allowed imports.
func rules(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(text), "| package | may import |\n|---|---|\n")
	if !ok {
		t.Fatal("docs/ARCHITECTURE.md has no table of imports")
	}
	allowed := map[string][]string{}
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 4 {
			break
		}
		var list []string
		for _, name := range strings.Split(cells[2], ",") {
			if name = strings.TrimSpace(name); name != "" {
				list = append(list, name)
			}
		}
		allowed[strings.TrimSpace(cells[1])] = list
	}
	return allowed
}

func permits(list []string, name string) bool {
	return slices.ContainsFunc(list, func(rule string) bool {
		below, tree := strings.CutSuffix(rule, "/…")
		return rule == "everything" || rule == name || tree && strings.HasPrefix(name, below+"/")
	})
}

// ruleFor finds the row of a package: its own, or that of a folder above it with /….
func ruleFor(allowed map[string][]string, name string) ([]string, bool) {
	if list, ok := allowed[name]; ok {
		return list, true
	}
	for above := path.Dir(name); above != "."; above = path.Dir(above) {
		if list, ok := allowed[above+"/…"]; ok {
			return list, true
		}
	}
	return nil, false
}

func TestImports(t *testing.T) {
	allowed := rules(t)
	found := sources(t)
	for _, name := range slices.Sorted(maps.Keys(found)) {
		list, ok := ruleFor(allowed, name)
		if !ok {
			t.Errorf("package %s is not in the table of docs/ARCHITECTURE.md", name)
			continue
		}
		for imported := range found[name].imports {
			if !permits(list, imported) {
				t.Errorf("package %s imports %s, which docs/ARCHITECTURE.md does not allow", name, imported)
			}
		}
	}
	for name := range allowed {
		if _, ok := found[name]; !ok && !strings.HasSuffix(name, "/…") {
			t.Errorf("docs/ARCHITECTURE.md has a rule for package %s, which does not exist", name)
		}
	}
}

// TestPackageComments demands that go doc of a package begins with what it is.
func TestPackageComments(t *testing.T) {
	for name, s := range sources(t) {
		want := "Package " + path.Base(name) + " "
		if strings.HasPrefix(name, "cmd/") || strings.Contains(name, "/cmd/") {
			want = "Command " + path.Base(name) + " "
		}
		if !strings.HasPrefix(s.comment, want) {
			t.Errorf("package %s: its comment does not begin with %q", name, want)
		}
	}
}
