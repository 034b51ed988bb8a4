package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"redoubt/backup/store"
	"redoubt/backup/store/storetest"
)

const (
	bucket   = "bucket"
	prefix   = "deep/repository"
	partSize = 16 << 20
)

// server is an S3 server in this process, with a hand in front of it.
type server struct {
	*httptest.Server
	backend *s3mem.Backend

	mu       sync.Mutex
	requests map[string]int                                                                            // by kind, as they arrived
	hand     func(kind string, w http.ResponseWriter, r *http.Request, pass func(http.ResponseWriter)) // nil: all pass
}

func serve(t *testing.T) *server {
	s := &server{backend: s3mem.New(), requests: map[string]int{}}
	fake := gofakes3.New(s.backend).Server()
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k := kind(r)
		s.mu.Lock()
		s.requests[k]++
		if r.Method == http.MethodPut && (r.Header.Get("Content-Md5") == "" || len(r.Header.Get("X-Amz-Content-Sha256")) != 64) {
			s.requests["unprotected"]++
		}
		hand := s.hand
		s.mu.Unlock()
		if hand == nil {
			fake.ServeHTTP(w, r)
			return
		}
		hand(k, w, r, func(w http.ResponseWriter) { fake.ServeHTTP(w, r) })
	}))
	t.Cleanup(s.Close)
	if err := s.backend.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	return s
}

func kind(r *http.Request) string {
	q := r.URL.Query()
	switch {
	case q.Has("partNumber"):
		return "part " + q.Get("partNumber")
	case r.Method == http.MethodPost && q.Has("uploadId"):
		return "complete"
	case r.Method == http.MethodPost:
		return "begin"
	case r.Method == http.MethodDelete && q.Has("uploadId"):
		return "abort"
	}
	return r.Method
}

func (s *server) meanwhile(hand func(kind string, w http.ResponseWriter, r *http.Request, pass func(http.ResponseWriter))) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hand, s.requests = hand, map[string]int{}
}

func (s *server) count(kind string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[kind]
}

func (s *server) address(bucket string) string {
	return fmt.Sprintf("s3://%s/%s?endpoint=%s&region=eu-test-1", bucket, prefix, s.URL)
}

var who = store.Credentials{AccessKeyID: "someone", SecretAccessKey: "a-secret"}

func (s *server) open(t *testing.T, o store.Options) store.Store {
	t.Helper()
	if o.S3 == (store.Credentials{}) {
		o.S3 = who
	}
	opened, err := store.Open(s.address(bucket), o)
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

// openUploads counts the uploads that the server has open.
func (s *server) openUploads(t *testing.T) int {
	t.Helper()
	answer, err := http.Get(s.URL + "/" + bucket + "?uploads")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(text), "<UploadId>")
}

// noise is bytes that no two parts share, always the same.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>it is %s</Message></Error>", code, code)
}

// cut ends the connection without an answer.
func cut() { panic(http.ErrAbortHandler) }

func same(t *testing.T, s store.Store, name string, want []byte) {
	t.Helper()
	if got := storetest.Read(t, s, name); got != string(want) {
		t.Errorf("%s has %d bytes that are not the %d that were put", name, len(got), len(want))
	}
}

func TestS3(t *testing.T) {
	s := serve(t)
	storetest.Conforms(t, func() store.Store { return s.open(t, store.Options{}) })
	if n := s.count("begin"); n != 0 {
		t.Errorf("small objects began %d uploads", n)
	}
	if n := s.count("unprotected"); n != 0 || s.count(http.MethodPut) == 0 {
		t.Errorf("%d bodies were sent without their hashes", n)
	}
}

func TestS3Sizes(t *testing.T) {
	s := serve(t)
	r := s.open(t, store.Options{})
	for size, begun := range map[int]int{partSize - 1: 0, partSize: 0, partSize + 1: 1, 2 * partSize: 1} {
		s.meanwhile(nil)
		b := noise(size)
		if err := r.Put(ctx, "x", io.MultiReader(bytes.NewReader(b[:7]), bytes.NewReader(b[7:]))); err != nil {
			t.Fatal(err)
		}
		same(t, r, "x", b)
		if n := s.count("unprotected"); n != 0 {
			t.Errorf("%d bodies were sent without their hashes", n)
		}
		if got := s.count("begin"); got != begun || s.count("complete") != begun || s.count("part 3") != 0 {
			t.Errorf("%d bytes: %d uploads, want %d", size, got, begun)
		}
	}
	if n := s.openUploads(t); n != 0 {
		t.Errorf("%d uploads stay open", n)
	}
}

func TestS3ListPages(t *testing.T) {
	s := serve(t)
	for i := range 2500 {
		if _, err := s.backend.PutObject(bucket, fmt.Sprintf("%s/log/%05d", prefix, i), nil, strings.NewReader("x"), 1, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, other := range []string{"deep/repository-2/log/1", "deep/other", prefix + "/log/.hidden"} {
		if _, err := s.backend.PutObject(bucket, other, nil, strings.NewReader("x"), 1, nil); err != nil {
			t.Fatal(err)
		}
	}
	got := strings.Fields(storetest.Names(t, s.open(t, store.Options{}), ""))
	if len(got) != 2500 || got[0] != "log/00000" || got[2499] != "log/02499" {
		t.Errorf("%d objects", len(got))
	}
	if s.count(http.MethodGet) < 3 {
		t.Error("they came in one page")
	}
}

// What fails for a while is tried again: the object is whole, and only what failed is sent twice.
func TestS3PassingFailures(t *testing.T) {
	b := noise(2*partSize + 1000)
	for name, fail := range map[string]struct {
		kind string
		how  func(w http.ResponseWriter, r *http.Request, pass func(http.ResponseWriter))
	}{
		"refused part": {"part 2", func(w http.ResponseWriter, _ *http.Request, _ func(http.ResponseWriter)) { refuse(w, 503, "SlowDown") }},
		"part cut": {"part 2", func(_ http.ResponseWriter, r *http.Request, _ func(http.ResponseWriter)) {
			_, _ = io.CopyN(io.Discard, r.Body, 1<<20)
			cut()
		}},
		"answer lost": {"part 1", func(_ http.ResponseWriter, _ *http.Request, pass func(http.ResponseWriter)) {
			pass(httptest.NewRecorder())
			cut()
		}},
		"damaged part": {"part 3", func(w http.ResponseWriter, r *http.Request, pass func(http.ResponseWriter)) {
			r.Body = flipped(r.Body)
			pass(w)
		}},
		"refused begin": {"begin", func(w http.ResponseWriter, _ *http.Request, _ func(http.ResponseWriter)) {
			refuse(w, 500, "InternalError")
		}},
		"refused complete": {"complete", func(w http.ResponseWriter, _ *http.Request, _ func(http.ResponseWriter)) {
			refuse(w, 200, "InternalError")
		}},
		"completed unheard": {"complete", func(_ http.ResponseWriter, _ *http.Request, pass func(http.ResponseWriter)) {
			pass(httptest.NewRecorder())
			cut()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			r := s.open(t, store.Options{})
			var once sync.Once
			s.meanwhile(func(kind string, w http.ResponseWriter, q *http.Request, pass func(http.ResponseWriter)) {
				failed := false
				if kind == fail.kind {
					once.Do(func() { failed = true })
				}
				if failed {
					fail.how(w, q, pass)
					return
				}
				pass(w)
			})
			if err := r.Put(ctx, "log/x", bytes.NewReader(b)); err != nil {
				t.Fatal(err)
			}
			for _, kind := range []string{"begin", "part 1", "part 2", "part 3", "complete"} {
				want := 1
				if kind == fail.kind {
					want = 2
				}
				if got := s.count(kind); got != want {
					t.Errorf("%s was sent %d times, want %d", kind, got, want)
				}
			}
			same(t, r, "log/x", b)
			if n := s.openUploads(t); n != 0 {
				t.Errorf("%d uploads stay open", n)
			}
		})
	}
}

type flip struct {
	io.ReadCloser
	done bool
}

func flipped(r io.ReadCloser) io.ReadCloser { return &flip{ReadCloser: r} }

func (f *flip) Read(b []byte) (int, error) {
	n, err := f.ReadCloser.Read(b)
	if n > 0 && !f.done {
		b[0] ^= 1
		f.done = true
	}
	return n, err
}

// What fails for good leaves what was there, and no upload.
func TestS3Failures(t *testing.T) {
	s := serve(t)
	r := s.open(t, store.Options{})
	if err := r.Put(ctx, "x", strings.NewReader("before")); err != nil {
		t.Fatal(err)
	}
	b := noise(2*partSize + 1)
	s.meanwhile(func(kind string, w http.ResponseWriter, _ *http.Request, pass func(http.ResponseWriter)) {
		if kind == "part 2" {
			refuse(w, 403, "AccessDenied")
			return
		}
		pass(w)
	})
	if err := r.Put(ctx, "x", bytes.NewReader(b)); err == nil || !strings.Contains(err.Error(), "AWS_ACCESS_KEY_ID") || !strings.Contains(err.Error(), "part 2") {
		t.Errorf("a part that is refused: %v", err)
	}
	if n := s.count("part 2"); n != 1 {
		t.Errorf("what is refused for good was sent %d times", n)
	}
	s.meanwhile(nil)
	if err := r.Put(ctx, "x", io.MultiReader(bytes.NewReader(b[:partSize+5]), &storetest.Failing{})); err == nil || !strings.Contains(err.Error(), "the source broke") {
		t.Errorf("a source that breaks: %v", err)
	}
	if n := s.openUploads(t); n != 0 || storetest.Read(t, r, "x") != "before" {
		t.Errorf("%d uploads stay open, or the object is another", n)
	}
}

func TestS3Cancelled(t *testing.T) {
	s := serve(t)
	r := s.open(t, store.Options{})
	during, cancel := context.WithCancel(ctx)
	s.meanwhile(func(kind string, w http.ResponseWriter, q *http.Request, pass func(http.ResponseWriter)) {
		if kind == "part 2" {
			_, _ = io.CopyN(io.Discard, q.Body, 1<<20)
			cancel()
			_, _ = io.Copy(io.Discard, q.Body)
			return
		}
		pass(w)
	})
	if err := r.Put(during, "x", bytes.NewReader(noise(2*partSize+1))); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if n, left := s.openUploads(t), storetest.Names(t, r, ""); n != 0 || left != "" || s.count("abort") == 0 {
		t.Errorf("%d uploads stay open, there is %q", n, left)
	}
}

// A process that is killed can neither finish nor abort: here nothing it sends arrives any more.
func TestS3Resume(t *testing.T) {
	s := serve(t)
	b := noise(3*partSize + 99)
	kill := func(name string) {
		t.Helper()
		dying, cancel := context.WithCancel(ctx)
		dead := false
		s.meanwhile(func(kind string, w http.ResponseWriter, _ *http.Request, pass func(http.ResponseWriter)) {
			if dead = dead || kind == "part 3"; dead {
				cancel()
				refuse(w, 403, "AccessDenied")
				return
			}
			pass(w)
		})
		if err := s.open(t, store.Options{}).Put(dying, name, bytes.NewReader(b)); err == nil {
			t.Fatal("what was killed has put it")
		}
		s.meanwhile(nil)
		if n := s.openUploads(t); n != 1 {
			t.Fatalf("%d uploads are open, want that of the dead", n)
		}
	}
	for name, changed := range map[string]int{"same": -1, "changed": partSize + 3} {
		t.Run(name, func(t *testing.T) {
			kill(name)
			again, want := bytes.Clone(b), map[string]int{"begin": 0, "part 1": 0, "part 2": 0, "part 3": 1, "part 4": 1, "complete": 1}
			if changed >= 0 {
				again[changed] ^= 1
				want["part 2"] = 1
			}
			r := s.open(t, store.Options{})
			if err := r.Put(ctx, name, bytes.NewReader(again)); err != nil {
				t.Fatal(err)
			}
			for kind, n := range want {
				if got := s.count(kind); got != n {
					t.Errorf("%s was sent %d times, want %d", kind, got, n)
				}
			}
			same(t, r, name, again)
			if n := s.openUploads(t); n != 0 {
				t.Errorf("%d uploads stay open", n)
			}
		})
	}
	t.Run("old", func(t *testing.T) {
		kill("old")
		soon := s.open(t, store.Options{})
		if err := soon.Put(ctx, "other", bytes.NewReader(b)); err != nil || s.openUploads(t) != 1 {
			t.Errorf("an upload that may be gone on with was touched: %v", err)
		}
		later := s.open(t, store.Options{Now: func() time.Time { return time.Now().Add(8 * 24 * time.Hour) }})
		if err := later.Put(ctx, "other", bytes.NewReader(b)); err != nil || s.openUploads(t) != 0 {
			t.Errorf("an old upload stays: %v", err)
		}
	})
}

// Two Puts of one name in one process do not meet in one upload.
func TestS3Concurrent(t *testing.T) {
	s := serve(t)
	r := s.open(t, store.Options{})
	b := noise(partSize + 9)
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			if err := r.Put(ctx, "x", bytes.NewReader(b)); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	same(t, r, "x", b)
	if n := s.openUploads(t); n != 0 || s.count("begin") != 3 {
		t.Errorf("%d uploads stay open of %d", n, s.count("begin"))
	}
}

func TestS3Limit(t *testing.T) {
	s := serve(t)
	began := time.Now()
	if err := s.open(t, store.Options{PutRate: 1 << 20}).Put(ctx, "x", bytes.NewReader(noise(512<<10))); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 400*time.Millisecond { // less what may go at once: 7/16 s
		t.Errorf("512 KiB at 1 MiB in a second took %s", took)
	}
}

func TestS3Errors(t *testing.T) {
	s := serve(t)
	none, err := store.Open(s.address("no-such-bucket"), store.Options{S3: who})
	if err != nil {
		t.Fatal(err)
	}
	s.meanwhile(func(_ string, w http.ResponseWriter, r *http.Request, pass func(http.ResponseWriter)) {
		if !strings.Contains(r.Header.Get("Authorization"), "Credential=someone/") {
			refuse(w, 403, "InvalidAccessKeyId")
			return
		}
		pass(w)
	})
	wrong := s.open(t, store.Options{S3: store.Credentials{AccessKeyID: "other", SecretAccessKey: "a-secret"}})
	for want, r := range map[string]store.Store{"there is no bucket no-such-bucket": none, "check AWS_ACCESS_KEY_ID": wrong} {
		_, listed := r.List(ctx, "")
		_, got := r.Get(ctx, "x")
		large := r.Put(ctx, "x", bytes.NewReader(noise(partSize+1)))
		for what, err := range map[string]error{"list": listed, "get": got, "put": r.Put(ctx, "x", strings.NewReader("x")), "put in parts": large, "delete": r.Delete(ctx, "x")} {
			if err == nil || !strings.Contains(err.Error(), want) || errors.Is(err, store.ErrNotFound) || strings.Contains(err.Error(), "a-secret") {
				t.Errorf("%s: %v, want %s", what, err, want)
			}
		}
	}
}

func TestS3Addresses(t *testing.T) {
	r, err := store.Open("s3://bucket/p/q/?region=eu-1&endpoint=http://127.0.0.1:9", store.Options{S3: who})
	if err != nil || r.String() != "s3://bucket/p/q?endpoint=http://127.0.0.1:9&region=eu-1" {
		t.Errorf("%v, %v", r, err)
	}
	for _, bad := range []string{
		"s3://bucket", "s3://b1/p", "s3://bucket/", "s3:///p", "s3://bucket/.p", "s3://k:a-secret@bucket/p", "s3://bucket/p?endpoint=127.0.0.1:9", "s3://bucket/p?endpoint=ftp://x", "s3://bucket/p?x=1",
		"s3://bucket/p?endpoint=http://k:a-secret@x", "s3://bucket/p?region=", "s3://bucket/p?endpoint=http://x/path", "s3://bucket/p#f", "s3://k:a-secret@bucket/%",
	} {
		if _, err := store.Open(bad, store.Options{S3: who}); err == nil || strings.Contains(err.Error(), "a-secret") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := store.Open("s3://bucket/p", store.Options{}); err == nil || !strings.Contains(err.Error(), "set AWS_ACCESS_KEY_ID") {
		t.Errorf("without credentials: %v", err)
	}
	if text := fmt.Sprintf("%v %+v %#v", who, store.Options{S3: who}, who); strings.Contains(text, "a-secret") {
		t.Errorf("a secret shows: %s", text)
	}
}

// TestStorageClass puts what is large in the class that the address names.
func TestStorageClass(t *testing.T) {
	s := serve(t)
	classes := map[string]string{}
	s.hand = func(_ string, w http.ResponseWriter, r *http.Request, pass func(http.ResponseWriter)) {
		if r.Method == http.MethodPut && r.URL.Query().Get("partNumber") == "" || r.Method == http.MethodPost && r.URL.Query().Has("uploads") {
			s.mu.Lock()
			classes[r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]] = r.Header.Get("X-Amz-Storage-Class")
			s.mu.Unlock()
		}
		pass(w)
	}
	to, err := store.Open("s3://"+bucket+"/"+prefix+"?endpoint="+s.URL+"&region=us-east-1&storage-class=STANDARD_IA", store.Options{S3: store.Credentials{AccessKeyID: "a", SecretAccessKey: "b"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, bytes := range map[string]int{"small": 1000, "large": 200 << 10, "huge": partSize + 1} {
		if err := to.Put(t.Context(), name, strings.NewReader(strings.Repeat("x", bytes))); err != nil {
			t.Fatal(err)
		}
	}
	if classes["small"] != "" || classes["large"] != "STANDARD_IA" || classes["huge"] != "STANDARD_IA" {
		t.Errorf("classes: %v", classes)
	}
	if _, err := store.Open("s3://"+bucket+"/"+prefix+"?storage-class=cheap", store.Options{}); err == nil {
		t.Error("a class in small letters is taken")
	}
}
