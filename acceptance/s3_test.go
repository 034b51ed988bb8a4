package acceptance

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestS3 archives to a real S3 server. The database is killed in the middle of an upload: what the S3 server has by then is not
// sent again. Then its directory is lost, and the bucket alone gives it back.
func TestS3(t *testing.T) {
	bucket := startS3(t)
	repository := bucket.url("shop")
	redoubt := func(args ...string) string {
		t.Helper()
		out, err := runProgram(t.Context(), 5*time.Minute, "", binary, args...)
		if err != nil {
			t.Fatalf("redoubt %v: %v\n%s", args, err, out)
		}
		return out
	}
	s := startServer(t, still, "--log-file-size=1MiB", "--segment-size=64MiB", "--segment-time=1h", "--archive", repository, "--archive-every=1h", "--archive-rate=16MiB")
	db := open(t, s.mysql, "")
	mustExec(t, conn(t, s.mysql, ""), "CREATE DATABASE shop", "CREATE TABLE shop.photo (id INT PRIMARY KEY, data LONGBLOB)")
	for i := range 80 { // noise, which does not become smaller
		noise := make([]byte, 1<<20)
		if _, err := rand.Read(noise); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec("INSERT INTO shop.photo VALUES (?, ?)", i, noise); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, time.Minute, "a large segment is sealed", func() error {
		sealed, err := filepath.Glob(filepath.Join(s.dir, "segments", "*.seg"))
		for _, path := range sealed {
			if info, err := os.Stat(path); err == nil && info.Size() > 60<<20 {
				return nil
			}
		}
		return errors.Join(err, fmt.Errorf("there are %d segments", len(sealed)))
	})
	ended := make(chan string, 1)
	go func() {
		out, err := runProgram(t.Context(), 5*time.Minute, "", binary, "backup", "archivelog", "--repo", repository, "--addr", s.mysql)
		ended <- fmt.Sprint(out, err)
	}()
	eventually(t, 2*time.Minute, "two parts are sent", func() error {
		if n := bucket.parts(); n < 2 {
			return fmt.Errorf("%d parts are", n)
		}
		return nil
	})
	s.kill()
	before := bucket.parts()
	if out := <-ended; !strings.Contains(out, "exit status") {
		t.Fatalf("the server was killed, but the command says %s", out)
	}

	s.extra = s.extra[:len(s.extra)-1] // as fast as it can
	s.start()
	redoubt("backup", "archivelog", "--repo", repository, "--addr", s.mysql)
	if after := bucket.parts(); after <= before {
		t.Errorf("%d parts were sent before the server was killed, %d are now", before, after)
	}
	bucket.mu.Lock()
	for part, times := range bucket.sent {
		if times > 1 {
			t.Errorf("part %s was sent %d times", part, times)
		}
	}
	bucket.mu.Unlock()
	redoubt("backup", "full", "--repo", repository, "--addr", s.mysql)
	mustExec(t, conn(t, s.mysql, ""), "UPDATE shop.photo SET data = 'small' WHERE id = 7")
	redoubt("backup", "incremental", "--repo", repository, "--addr", s.mysql)
	at := strings.Fields(position(t, db))
	s.kill()
	if err := os.RemoveAll(s.dir); err != nil {
		t.Fatal(err)
	}
	redoubt("repo", "check", "--repo", repository)
	redoubt("backup", "verify", "--repo", repository, "--level", "full")
	out := redoubt("recover", "--repo", repository, "--data", s.dir, "--to-scn", at[0])
	if m := printedHash.FindStringSubmatch(out); m == nil || m[1] != at[1] {
		t.Fatalf("recovered to SCN %s, where the hash was %s:\n%s", at[0], at[1], out)
	}
	s.start()
	if got := one(t, db, "SELECT CONCAT(COUNT(*), ' ', SUM(LENGTH(data))) FROM shop.photo"); got != fmt.Sprint("80 ", 79<<20+5) {
		t.Errorf("the table has %s", got)
	}
}

// bucket is one of an S3 server, behind a proxy that counts.
type bucket struct {
	address string // of the proxy
	dir     string // where the server has the objects, as files
	mu      sync.Mutex
	sent    map[string]int      // parts of objects that the server took, by name and number
	before  func(*http.Request) // hears of each request that comes, if it is set
	after   func(*http.Request) // hears of each that was answered
}

// hear sets who hears of requests.
func (b *bucket) hear(before, after func(*http.Request)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.before, b.after = before, after
}

func (b *bucket) tell(r *http.Request, done bool) {
	b.mu.Lock()
	f := b.before
	if done {
		f = b.after
	}
	b.mu.Unlock()
	if f != nil {
		f(r)
	}
}

func (b *bucket) url(prefix string) string {
	return "s3://bucket/" + prefix + "?endpoint=" + url.QueryEscape("http://"+b.address) + "&region=us-east-1"
}

// parts is how many the server took.
func (b *bucket) parts() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, times := range b.sent {
		n += times
	}
	return n
}

// startS3 starts versitygw over a directory that is its bucket.
func startS3(t *testing.T) *bucket {
	t.Helper()
	program, err := exec.LookPath("versitygw")
	if err != nil {
		t.Fatal("versitygw is not installed: .ci/run says how to")
	}
	dir, address := t.TempDir(), freeAddress(t)
	if err := os.Mkdir(filepath.Join(dir, "bucket"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "admin")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "adminsecret")
	start(t, "versitygw", exec.Command(program, "--port", address, "--access", "admin", "--secret", "adminsecret", "posix", dir))
	eventually(t, time.Minute, "versitygw answers", func() error {
		c, err := net.Dial("tcp", address)
		if err == nil {
			err = c.Close()
		}
		return err
	})
	b := &bucket{dir: filepath.Join(dir, "bucket"), sent: map[string]int{}}
	server := &url.URL{Scheme: "http", Host: address}
	proxy := &httputil.ReverseProxy{
		ErrorLog: log.New(io.Discard, "", 0), // clients are killed
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(server)
			r.Out.Host = r.In.Host // it is signed
			b.tell(r.In, false)
		},
		ModifyResponse: func(r *http.Response) error {
			if part := r.Request.URL.Query().Get("partNumber"); r.Request.Method == http.MethodPut && part != "" && r.StatusCode == http.StatusOK {
				b.mu.Lock()
				b.sent[r.Request.URL.Path+" "+part]++
				b.mu.Unlock()
			}
			b.tell(r.Request, true)
			return nil
		},
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.address = l.Addr().String()
	front := &http.Server{Handler: proxy, ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- front.Serve(l) }()
	t.Cleanup(func() {
		if err := front.Close(); err != nil {
			t.Error(err)
		}
		<-served
	})
	return b
}
