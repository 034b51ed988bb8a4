package crypt

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/streamingaead"

	"redoubt/backup/store"
	"redoubt/backup/store/storetest"
)

var (
	ctx  = context.Background()
	seed = flag.Uint64("crypt-seed", 0, "seed of TestSizes; 0 takes one from the clock")
)

// fakeKeys are keys that lie nowhere; the last one is the primary one.
type fakeKeys []Key

var errNoKey = errors.New("there is no such key")

func (f *fakeKeys) add(t *testing.T) Key {
	t.Helper()
	h, err := keyset.NewHandle(streamingaead.AES256GCMHKDF1MBKeyTemplate())
	if err != nil {
		t.Fatal(err)
	}
	stream, err := streamingaead.New(h)
	if err != nil {
		t.Fatal(err)
	}
	*f = append(*f, Key{uint32(0x1000 + len(*f)), stream})
	return (*f)[len(*f)-1]
}

func (f *fakeKeys) Primary(context.Context) (Key, error) { return (*f)[len(*f)-1], nil }

func (f *fakeKeys) IDs(context.Context) (ids []uint32, err error) {
	for _, k := range slices.Backward(*f) {
		ids = append(ids, k.ID)
	}
	return ids, nil
}

func (f *fakeKeys) Key(_ context.Context, id uint32) (Key, error) {
	for _, k := range *f {
		if k.ID == id {
			return k, nil
		}
	}
	return Key{}, errNoKey
}

func (f *fakeKeys) Still(ctx context.Context, id uint32) (bool, error) {
	_, err := f.Key(ctx, id)
	return err == nil, nil
}

func none(string) bool { return false }

func open(t *testing.T, keys *fakeKeys) (*Store, *store.Dir) {
	t.Helper()
	dir, err := store.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return New(dir, keys, none), dir
}

func put(t *testing.T, s store.Store, name string, b []byte) {
	t.Helper()
	if err := s.Put(ctx, name, bytes.NewReader(b)); err != nil {
		t.Fatal(err)
	}
}

func read(s store.Store, name string) ([]byte, error) {
	r, err := s.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// TestStore holds an encrypted store to what every store must do, also after its key was rotated.
func TestStore(t *testing.T) {
	keys := &fakeKeys{}
	keys.add(t)
	root := t.TempDir()
	for range 2 {
		storetest.Conforms(t, func() store.Store {
			dir, err := store.OpenDir(root)
			if err != nil {
				t.Fatal(err)
			}
			return New(dir, keys, func(name string) bool { return name == "repository.json" })
		})
		root = t.TempDir()
		keys.add(t)
	}
}

// TestSizes puts objects of every length around the ends of blocks, and of random ones: each comes back, a listing tells its
// length, and none of it is in the other store.
func TestSizes(t *testing.T) {
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano()) % 1e12
	}
	t.Logf("replay: go test ./backup/crypt -run '^TestSizes$' -crypt-seed %d", *seed)
	random := rand.New(rand.NewPCG(*seed, 1))
	keys := &fakeKeys{}
	keys.add(t)
	s, dir := open(t, keys)
	const first, next = blockBytes - tagBytes - tinkHeaderBytes, blockBytes - tagBytes
	sizes := []int{0, 1, 15, 16, 17, chunkBytes, first - 1, first, first + 1, first + next - 1, first + next, first + next + 1, 3 * blockBytes}
	for range 10 {
		sizes = append(sizes, random.IntN(4*blockBytes))
	}
	contents := map[string][]byte{}
	for _, n := range sizes {
		b := bytes.Repeat([]byte("the canary sings "), n/17+1)[:n]
		name := fmt.Sprintf("files/%d", n)
		contents[name] = b
		put(t, s, name, b)
		if have, err := read(s, name); err != nil || !bytes.Equal(have, b) {
			t.Fatalf("%d bytes: read %d, %v", n, len(have), err)
		}
		inside, err := read(dir, seal(name, keys.primary().ID))
		if err != nil || bytes.Contains(inside, []byte("canary")) {
			t.Fatalf("%d bytes: the other store has plaintext, or nothing: %v", n, err)
		}
		if len(inside) > 0 && n > 0 && len(inside) <= n {
			t.Fatalf("%d bytes are %d when they are encrypted", n, len(inside))
		}
	}
	list, err := s.List(ctx, "files/")
	if err != nil || len(list) != len(contents) {
		t.Fatalf("%d objects, want %d; %v", len(list), len(contents), err)
	}
	for _, o := range list {
		if o.Bytes != int64(len(contents[o.Name])) {
			t.Errorf("%s is listed with %d bytes", o.Name, o.Bytes)
		}
	}
}

func (f *fakeKeys) primary() Key { return (*f)[len(*f)-1] }

// TestDamage changes an object in every way that has an error of its own.
func TestDamage(t *testing.T) {
	keys := &fakeKeys{}
	first := keys.add(t)
	s, dir := open(t, keys)
	const name = "files/ab/long-enough"
	content := bytes.Repeat([]byte("0123456789abcdef"), 3*blockBytes/16)
	put(t, s, name, content)
	put(t, s, "files/ab/long-enouhg", content)
	put(t, s, "files/other", []byte("other"))
	inside := seal(name, first.ID)
	whole, err := read(dir, inside)
	if err != nil {
		t.Fatal(err)
	}
	other := func(name string) []byte {
		b, err := read(dir, seal(name, first.ID))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	flip := func(at int) []byte {
		b := bytes.Clone(whole)
		b[(at+len(b))%len(b)] ^= 4
		return b
	}
	start := len(header(first.ID, name))
	for what, c := range map[string]struct {
		object []byte
		reason error
		detail string
	}{
		"a bit of the magic":         {flip(0), ErrDamaged, "in its header"},
		"a bit of the name":          {flip(start - 6), ErrDamaged, "in its header"},
		"a bit of the key":           {flip(12), ErrDamaged, "in its header"},
		"a bit of the name's length": {flip(15), ErrDamaged, "in its header"},
		"a bit of the salt":          {flip(start + 3), ErrDamaged, "block 1 of 1 MiB, which has its content from byte 0 on"},
		"a bit of block 1":           {flip(start + 1000), ErrDamaged, "block 1 of 1 MiB, which has its content from byte 0 on"},
		"a bit of block 2":           {flip(start + blockBytes), ErrDamaged, "block 2 of 1 MiB, which has its content from byte 1048520 on"},
		"a bit of block 3":           {flip(start + 3*blockBytes - 1), ErrDamaged, "block 3 of 1 MiB, which has its content from byte 2097080 on"},
		"a bit of the last block":    {flip(-trailerBytes - 1), ErrDamaged, "block 4 of 1 MiB"},
		"a bit of the trailer":       {flip(-1), ErrDamaged, "in its trailer"},
		"nothing left":               {nil, ErrTruncated, "within its header"},
		"half a header":              {whole[:start/2], ErrTruncated, "within its header"},
		"only the header":            {whole[:start], ErrTruncated, "block 1"},
		"half a salt":                {whole[:start+20], ErrTruncated, "block 1"},
		"cut off in block 2":         {whole[:start+blockBytes+17], ErrTruncated, "block 2"},
		"cut off behind block 2":     {whole[:start+2*blockBytes], ErrTruncated, "block 2"},
		"one byte less":              {whole[:len(whole)-1], ErrTruncated, "block 4"},
		"the trailer less":           {whole[:len(whole)-trailerBytes], ErrTruncated, "block 4"},
		"one byte more":              {append(bytes.Clone(whole), 0), ErrTruncated, "block 4"},
		"another of the same length": {other("files/ab/long-enouhg"), ErrSwapped, "it is files/ab/long-enouhg"},
		"another shorter one":        {other("files/other"), ErrSwapped, "it is files/other"},
		"plaintext":                  {content, ErrPlaintext, ""},
		"short plaintext":            {[]byte("x"), ErrPlaintext, ""},
		"blocks that change places": {
			slices.Concat(whole[:start+blockBytes], whole[start+2*blockBytes:start+3*blockBytes], whole[start+blockBytes:start+2*blockBytes], whole[start+3*blockBytes:]),
			ErrDamaged, "block 2",
		},
		"a header over another body": {slices.Concat(whole[:start], other("files/ab/long-enouhg")[start:]), ErrDamaged, "block 1"},
	} {
		put(t, dir, inside, c.object)
		have, err := read(s, name)
		var e *Error
		if !errors.As(err, &e) || e.Reason != c.reason || !errors.Is(err, c.reason) || !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), c.detail) || e.Object != name {
			t.Errorf("%s: %v, want %v with %q", what, err, c.reason, c.detail)
		}
		if !bytes.HasPrefix(content, have) {
			t.Errorf("%s: bytes came out that were never put", what)
		}
	}
	put(t, dir, inside, whole)
	if have, err := read(s, name); err != nil || !bytes.Equal(have, content) {
		t.Errorf("whole again: %d bytes, %v", len(have), err)
	}
	if err := errors.Join(dir.Delete(ctx, inside), dir.Put(ctx, name, bytes.NewReader(content))); err != nil {
		t.Fatal(err)
	}
	if _, err := read(s, name); !errors.Is(err, ErrPlaintext) {
		t.Errorf("plaintext in the place of ciphertext: %v", err)
	}
	if got := storetest.Names(t, s, ""); got != "files/ab/long-enouhg files/other" {
		t.Errorf("listed: %s", got)
	}
}

// TestRotation reads what older keys encrypted, replaces it, and loses a key.
func TestRotation(t *testing.T) {
	keys := &fakeKeys{}
	first := keys.add(t)
	s, dir := open(t, keys)
	put(t, s, "a", []byte("by the first key"))
	put(t, s, "b", []byte("by the first key"))
	second := keys.add(t)
	put(t, s, "b", []byte("by the second key"))
	for name, want := range map[string]string{"a": "by the first key", "b": "by the second key"} {
		if have, err := read(s, name); err != nil || string(have) != want {
			t.Errorf("%s is %q, %v", name, have, err)
		}
	}
	if got := storetest.Names(t, dir, ""); got != "a.key-00001000 b.key-00001001" {
		t.Errorf("inside there is %s", got)
	}
	// A Put that was interrupted leaves two, of which the newer counts.
	put(t, New(dir, &fakeKeys{first}, none), "b", []byte("an older one"))
	list, err := s.List(ctx, "b")
	if err != nil || len(list) != 1 || list[0].Bytes != int64(len("by the second key")) {
		t.Errorf("listed: %v, %v", list, err)
	}
	uses, plain, err := Uses(ctx, dir, none)
	if err != nil || uses[first.ID].Objects != 2 || uses[second.ID].Objects != 1 || len(plain) != 0 {
		t.Errorf("used: %v, not encrypted: %v, %v", uses, plain, err)
	}
	if err := s.Delete(ctx, "b"); err != nil {
		t.Fatal(err)
	}
	if _, err := read(s, "b"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("after it was deleted: %v", err)
	}
	// Without its key an object is there, but cannot be read; that is no damage.
	lost := New(dir, &fakeKeys{second}, none)
	if _, err := read(lost, "a"); !errors.Is(err, ErrNoKey) || errors.Is(err, store.ErrDamaged) {
		t.Errorf("without its key: %v", err)
	}
	// One key's object under another one's name.
	b, err := read(dir, seal("a", first.ID))
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, seal("a", second.ID), b)
	if _, err := read(s, "a"); !errors.Is(err, ErrSwapped) {
		t.Errorf("under another key's name: %v", err)
	}
}

// TestLongPut takes a key away while something is written with it.
func TestLongPut(t *testing.T) {
	keys := &fakeKeys{}
	first := keys.add(t)
	s, dir := open(t, keys)
	s.slow = -1
	put(t, s, "kept", []byte("x"))
	gone := retiring{fakeKeys: keys, after: first}
	s.keys = gone
	if err := s.Put(ctx, "late", strings.NewReader("x")); err == nil || !strings.Contains(err.Error(), "was retired meanwhile") {
		t.Errorf("its key was retired: %v", err)
	}
	if got := storetest.Names(t, dir, ""); got != "kept.key-00001000" {
		t.Errorf("there is %s", got)
	}
}

// retiring gives a key that is gone when somebody looks again.
type retiring struct {
	*fakeKeys
	after Key
}

func (r retiring) Primary(context.Context) (Key, error) { return r.after, nil }

func (r retiring) Still(context.Context, uint32) (bool, error) { return false, nil }

// failingBody is a storage that breaks.
type failingBody struct {
	store.Store
	after int64
}

func (f failingBody) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := f.Store.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(io.LimitReader(r, f.after), &storetest.Failing{}), r}, nil
}

// TestStorageBreaks: what the storage says is not taken for damage.
func TestStorageBreaks(t *testing.T) {
	keys := &fakeKeys{}
	keys.add(t)
	s, dir := open(t, keys)
	put(t, s, "a", make([]byte, 3*blockBytes))
	for _, after := range []int64{0, 5, 100, blockBytes, 2*blockBytes + 7} {
		_, err := read(New(failingBody{dir, after}, keys, none), "a")
		if err == nil || !strings.Contains(err.Error(), "the source broke") || errors.Is(err, store.ErrDamaged) {
			t.Errorf("after %d bytes: %v", after, err)
		}
	}
}

// TestFormat is the golden of a header, a trailer and a name, which docs/formats/repository.md shows.
func TestFormat(t *testing.T) {
	page, err := os.ReadFile("../../docs/formats/repository.md")
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("header  %x\ntrailer %x\n", header(0x1a2b3c4d, "log/a"), trailer(73))
	if want := "header  5244544352595054" + "0001" + "1a2b3c4d" + "0005" + "6c6f672f61"; !strings.HasPrefix(text, want) || !strings.Contains(string(page), text) {
		t.Errorf("the page does not show, or it is not %s…:\n%s", want, text)
	}
	if got := seal("log/a", 0x1a2b3c4d); got != "log/a.key-1a2b3c4d" {
		t.Errorf("name: %s", got)
	}
	keys := &fakeKeys{}
	keys.add(t)
	s, dir := open(t, keys)
	put(t, s, "log/a", make([]byte, 17))
	b, err := read(dir, seal("log/a", keys.primary().ID))
	if err != nil || !bytes.HasPrefix(b, header(keys.primary().ID, "log/a")) || !bytes.HasSuffix(b, trailer(73)) {
		t.Errorf("an object of 17 bytes is %x, %v", b, err)
	}
}

func FuzzParseHeader(f *testing.F) {
	f.Add(header(7, "log/a"))
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		if version, key, name, ok := parseHeader(b); ok && version == formatVersion && !bytes.HasPrefix(b, header(key, name)) {
			t.Errorf("%x was taken for the header of %q", b, name)
		}
	})
}
