package repository_test

import (
	"bytes"
	"math/rand/v2"
	"net/http/httptest"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"redoubt/backup/repository"
	"redoubt/backup/store"
	"redoubt/backup/store/storetest"
)

// TestEncryptedS3 has an encrypted repository in a bucket: objects of one request and of several parts come back, before and after
// a rotation.
func TestEncryptedS3(t *testing.T) {
	backend := s3mem.New()
	server := httptest.NewServer(gofakes3.New(backend).Server())
	defer server.Close()
	if err := backend.CreateBucket("bucket"); err != nil {
		t.Fatal(err)
	}
	kek := newKEK(t)
	open := func() *repository.Repository {
		t.Helper()
		r, err := repository.Open(ctx, "s3://bucket/deep/repository?endpoint="+server.URL+"&region=eu-test-1", repository.Options{
			Store: store.Options{S3: store.Credentials{AccessKeyID: "someone", SecretAccessKey: "a-secret"}}, KEK: kek,
		})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := open()
	if err := r.Claim(ctx, [16]byte{1}); err != nil {
		t.Fatal(err)
	}
	large := make([]byte, 40<<20)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(large)
	contents := map[string][]byte{"log/small": []byte("small"), "files/large": large, "files/none": {}}
	for name, b := range contents {
		if err := r.Put(ctx, name, bytes.NewReader(b)); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		list, err := r.List(ctx, "files/")
		if err != nil || len(list) != 2 || list[0].Bytes != int64(len(large)) || list[1].Bytes != 0 {
			t.Errorf("listed: %v, %v", list, err)
		}
		for name, b := range contents {
			if got := storetest.Read(t, r, name); got != string(b) {
				t.Errorf("%s has %d bytes, not %d", name, len(got), len(b))
			}
		}
		if _, err := r.Rotate(ctx); err != nil {
			t.Fatal(err)
		}
		r = open()
	}
	if err := r.Delete(ctx, "files/large"); err != nil {
		t.Fatal(err)
	}
	if got := storetest.Names(t, r, "files/"); got != "files/none" {
		t.Errorf("left are %s", got)
	}
}
