package acceptance

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

const (
	playwrightVersion = "1.65.1"
	pageLimit         = 5 * time.Minute
)

// TestPage drives the page in a real Chromium under load: it logs in, is live, filters, drags its window, shows the past, outlives
// a restart of the node, and keeps its memory flat. testdata/page.cjs says how. With -artifacts its screenshots are kept.
func TestPage(t *testing.T) {
	chromium := tool(t, "chromium")
	program := nodeProgram(t, "page.cjs", "mysql2@"+mysql2Version, "playwright-core@"+playwrightVersion)
	s := startServer(t, "--archive", "file://"+filepath.Join(t.TempDir(), "repository"))
	mustExec(
		t, conn(t, s.mysql, ""), "CREATE DATABASE shop", "CREATE TABLE shop.orders (id INT PRIMARY KEY, note VARCHAR(20))",
		"INSERT INTO shop.orders VALUES (1, ''), (2, '')", "CREATE TABLE shop.ticks (id INT PRIMARY KEY AUTO_INCREMENT)",
		"CREATE TABLE shop.many (id INT PRIMARY KEY)",
		"INSERT INTO shop.many WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT i FROM n",
		"CREATE USER watcher IDENTIFIED BY 'tower'", "GRANT SELECT ON *.* TO watcher",
		"CREATE USER ada IDENTIFIED BY 'lovelace'", "GRANT SELECT ON shop.* TO ada",
	)
	draws := 10_000
	if testing.Short() {
		draws = 1000
	}
	b := startBrowser(t, program, s.http, port(s.mysql), t.ArtifactDir(), chromium, strconv.Itoa(draws))
	for _, prefix := range []string{"logged in", "commit to screen", "locks", "filters", "dragged", "past", "restart now"} {
		b.said(prefix)
	}
	s.stop()
	s.start()
	b.tell("done")
	b.said("restarted")
	b.said("heap")
	b.well()
	checkShots(t, "past", "light-1440", "light-390", "dark-1440", "dark-390")
}

// TestPageIsBuilt: what the node serves is what its source gives, byte for byte.
func TestPageIsBuilt(t *testing.T) {
	source, dir := filepath.Join("..", "telemetry", "dashboard", "page"), t.TempDir()
	copied := filepath.Join(dir, "page")
	err := filepath.WalkDir(source, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(source, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == "node_modules" {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(copied, relative), 0o700)
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(copied, relative), body, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"ci", "--no-audit", "--no-fund"}, {"run", "build"}} {
		if out, err := command(t, pageLimit, "", tool(t, "npm"), append([]string{"--prefix", copied}, args...)...); err != nil {
			t.Fatalf("npm %s: %v\n%s", args[0], err, out)
		}
	}
	built, served := filesIn(t, filepath.Join(dir, "dist")), filesIn(t, filepath.Join(source, "..", "dist"))
	for name, body := range served {
		if built[name] != body {
			t.Errorf("dist/%s is not what the source gives: run npm run build in telemetry/dashboard/page, and commit dist", name)
		}
	}
	if len(built) != len(served) || len(built) == 0 {
		t.Errorf("dist has %d files, the source gives %d", len(served), len(built))
	}
}

// filesIn reads all files of a directory.
func filesIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		out[name] = string(body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
