package store

import (
	"bufio"
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // what S3 compares
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/minio/minio-go/v7"
	"golang.org/x/time/rate"
)

const (
	partBytes  = 16 << 20 // of every part but the last; a smaller object is sent by one request
	burstBytes = 64 << 10 // what a limited Put sends without waiting
)

// Put implements Store. If the answer to the last request is lost and the server does not answer again, the object may be
// there, whole, though Put gives an error.
func (s *S3) Put(ctx context.Context, name string, r io.Reader) (err error) {
	if err := checkName(name); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("write %s to %s: %w", name, s, s.explain(err))
		}
	}()
	source, part := bufio.NewReader(reader{ctx, r}), new(bytes.Buffer)
	last, err := readPart(source, part)
	switch {
	case err != nil:
		return err
	case last:
		return s.putWhole(ctx, s.key(name), part.Bytes())
	}
	return s.putParts(ctx, s.key(name), source, part)
}

// readPart fills a buffer with the next part, and tells whether it is the last one.
func readPart(source *bufio.Reader, part *bytes.Buffer) (last bool, err error) {
	part.Reset()
	if _, err = io.CopyN(part, source, partBytes); err == nil {
		_, err = source.Peek(1)
	}
	if err == io.EOF { // itself: a source that wraps it has failed
		return true, nil
	}
	return false, err
}

// classBytesMin is the size from which an object is put in the storage class that the address names. Smaller ones, manifests and notes, are
// read often, and cheaper classes charge for each reading, and for no less than 128 KiB.
const classBytesMin = 128 << 10

func (s *S3) putWhole(ctx context.Context, key string, b []byte) error {
	sums := sumsOf(b)
	options := minio.PutObjectOptions{DisableContentSha256: true} // no stream of signed chunks: one signed hash of all
	if len(b) >= classBytesMin {
		options.StorageClass = s.address.class
	}
	return retry(ctx, func() error {
		info, err := s.core.PutObject(ctx, s.address.bucket, key, s.limited(ctx, b), int64(len(b)), sums.md5Base64(), sums.sha256Hex(), options)
		if err != nil {
			return err
		}
		return sums.check(info.ETag)
	})
}

// sums are the hashes of the body of a request. The server compares both with what it got: some servers store a torn body
// whose hash they were not told, at full length.
type sums struct {
	md5    [md5.Size]byte
	sha256 [sha256.Size]byte
}

func sumsOf(b []byte) sums { return sums{md5.Sum(b), sha256.Sum256(b)} }

func (s sums) md5Base64() string { return base64.StdEncoding.EncodeToString(s.md5[:]) }

func (s sums) sha256Hex() string { return hex.EncodeToString(s.sha256[:]) }

// etag is what the server must call these bytes.
func (s sums) etag() string { return hex.EncodeToString(s.md5[:]) }

func (s sums) check(etag string) error {
	if unquoted(etag) != s.etag() {
		return fmt.Errorf("the server has ETag %s for bytes with MD5 %s: they are damaged, or the bucket has an encryption (SSE-KMS) that hides the MD5, "+
			"with which nothing can be verified: use another bucket", unquoted(etag), s.etag())
	}
	return nil
}

func unquoted(etag string) string { return strings.Trim(etag, `"`) }

// limited reads bytes, no faster than the limit of the Store.
func (s *S3) limited(ctx context.Context, b []byte) io.Reader {
	if s.limit == nil {
		return bytes.NewReader(b)
	}
	return &limitedReader{ctx, bytes.NewReader(b), s.limit}
}

type limitedReader struct {
	ctx   context.Context
	r     *bytes.Reader
	limit *rate.Limiter
}

func (l *limitedReader) Read(b []byte) (int, error) {
	n, err := l.r.Read(b[:min(len(b), l.limit.Burst())])
	if n > 0 {
		err = l.limit.WaitN(l.ctx, n)
	}
	return n, err
}
