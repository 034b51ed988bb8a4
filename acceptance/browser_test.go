package acceptance

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// browser is a script of testdata that drives the page, and waits for the test now and then.
type browser struct {
	*process
	t  *testing.T
	in io.WriteCloser
}

func startBrowser(t *testing.T, program string, args ...string) *browser {
	t.Helper()
	cmd := exec.Command(tool(t, "node"), append([]string{program}, args...)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	return &browser{start(t, "browser", cmd), t, in}
}

// said waits for a line.
func (b *browser) said(prefix string) string {
	b.t.Helper()
	line, err := b.awaitOutput(prefix, pageLimit)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Log(line)
	return line
}

// tell lets the script go on.
func (b *browser) tell(line string) {
	b.t.Helper()
	if _, err := fmt.Fprintln(b.in, line); err != nil {
		b.t.Fatal(err)
	}
}

// well waits until the script has found everything as it should be.
func (b *browser) well() {
	b.t.Helper()
	if err := b.wait(pageLimit); err != nil || !strings.HasSuffix(b.out.String(), "all well\n") {
		b.t.Fatalf("%v\n%s", err, b.out)
	}
}

// checkShots looks whether screenshots of the page were taken.
func checkShots(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if i, err := os.Stat(filepath.Join(t.ArtifactDir(), "page-"+name+".png")); err != nil || i.Size() < 10_000 {
			t.Errorf("screenshot %s: %v", name, err)
		}
	}
}
