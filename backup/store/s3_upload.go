package store

import (
	"bufio"
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // what S3 compares
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
)

const (
	partsMax       = 10000              // what S3 allows; an object has 156 GiB at most
	abandonedAfter = 7 * 24 * time.Hour // the age at which an open upload that nobody goes on with is aborted
	abortFor       = 30 * time.Second   // what aborting may take, after the Put itself was cancelled
	pageMax        = 1000               // uploads or parts in one answer
)

var errStillOpen = errors.New("the server has the upload still, after it was aborted")

// upload is an object on its way, in parts.
type upload struct {
	s        *S3
	key, id  string
	there    map[int]minio.ObjectPart // what the server had when this process began
	parts    []minio.CompletePart
	bytes    int64
	whole    hash.Hash // of all bytes
	composed hash.Hash // of the hashes of the parts
}

// putParts sends an object of which the first part is read.
func (s *S3) putParts(ctx context.Context, key string, source *bufio.Reader, part *bytes.Buffer) error {
	if err := s.abortAbandoned(ctx); err != nil {
		return err
	}
	u, err := s.beginUpload(ctx, key)
	if err != nil {
		return err
	}
	defer s.release(u.id)
	if err = u.send(ctx, source, part); err == nil {
		err = u.complete(ctx)
	}
	if err != nil {
		return errors.Join(err, s.abort(context.WithoutCancel(ctx), key, u.id))
	}
	return u.verify(ctx)
}

// beginUpload goes on with the newest open upload of the key that this process is not sending, else begins one.
func (s *S3) beginUpload(ctx context.Context, key string) (*upload, error) {
	s.beginning.Lock() // else another Put finds one that was begun, and is not yet noted as busy
	defer s.beginning.Unlock()
	u := &upload{s: s, key: key, whole: md5.New(), composed: md5.New()}
	open, err := s.uploads(ctx, key)
	if err != nil {
		return nil, err
	}
	if u.id = s.claimNewest(open, key); u.id != "" {
		if u.there, err = s.partsOf(ctx, key, u.id); err == nil {
			return u, nil
		}
		s.release(u.id)
		if code(err) != minio.NoSuchUpload { // else another process was done with it
			return nil, err
		}
	}
	err = retry(ctx, func() (err error) {
		u.id, err = s.core.NewMultipartUpload(ctx, s.address.bucket, key, minio.PutObjectOptions{StorageClass: s.address.class})
		return err
	})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy[u.id] = true
	return u, nil
}

func (s *S3) claimNewest(open []minio.ObjectMultipartInfo, key string) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var newest time.Time
	for _, o := range open {
		if o.Key == key && !s.busy[o.UploadID] && (id == "" || o.Initiated.After(newest)) {
			id, newest = o.UploadID, o.Initiated
		}
	}
	if id != "" {
		s.busy[id] = true
	}
	return id
}

func (s *S3) release(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, id)
}

func (u *upload) send(ctx context.Context, source *bufio.Reader, part *bytes.Buffer) (err error) {
	for last := false; ; {
		if len(u.parts) == partsMax {
			return fmt.Errorf("it has more than %d parts of %d bytes, which S3 does not take", partsMax, partBytes)
		}
		if err = u.sendPart(ctx, part.Bytes()); err != nil || last {
			return err
		}
		if last, err = readPart(source, part); err != nil {
			return err
		}
	}
}

// sendPart sends the next part, unless the server has it.
func (u *upload) sendPart(ctx context.Context, b []byte) error {
	number, sums := len(u.parts)+1, sumsOf(b)
	u.bytes += int64(len(b))
	u.whole.Write(b)
	u.composed.Write(sums.md5[:])
	if p, ok := u.there[number]; !ok || unquoted(p.ETag) != sums.etag() || p.Size != int64(len(b)) {
		err := retry(ctx, func() error {
			p, err := u.s.core.PutObjectPart(ctx, u.s.address.bucket, u.key, u.id, number, u.s.limited(ctx, b), int64(len(b)),
				minio.PutObjectPartOptions{Md5Base64: sums.md5Base64(), Sha256Hex: sums.sha256Hex(), DisableContentSha256: true})
			if err != nil {
				return err
			}
			return sums.check(p.ETag)
		})
		if err != nil {
			return fmt.Errorf("part %d: %w", number, err)
		}
	}
	u.parts = append(u.parts, minio.CompletePart{PartNumber: number, ETag: sums.etag()})
	return nil
}

// complete makes an object of the parts. An upload that is gone was completed by a try whose answer was lost, or taken away;
// verify finds out.
func (u *upload) complete(ctx context.Context) error {
	err := retry(ctx, func() error {
		_, err := u.s.core.CompleteMultipartUpload(ctx, u.s.address.bucket, u.key, u.id, u.parts, minio.PutObjectOptions{})
		return err
	})
	if code(err) == minio.NoSuchUpload {
		return nil
	}
	return err
}

// verify asks for the object. Its ETag is, by server, the MD5 of all bytes or that of the MD5s of the parts.
func (u *upload) verify(ctx context.Context) error {
	var info minio.ObjectInfo
	err := retry(ctx, func() (err error) {
		info, err = u.s.core.StatObject(ctx, u.s.address.bucket, u.key, minio.StatObjectOptions{})
		return err
	})
	if err != nil {
		return fmt.Errorf("all parts are sent, but the object cannot be verified: %w", err)
	}
	whole := hex.EncodeToString(u.whole.Sum(nil))
	composed := fmt.Sprintf("%s-%d", hex.EncodeToString(u.composed.Sum(nil)), len(u.parts))
	if etag := unquoted(info.ETag); info.Size != u.bytes || etag != whole && etag != composed {
		return fmt.Errorf("the server has %d bytes with ETag %s, sent were %d with %s: put it again", info.Size, etag, u.bytes, composed)
	}
	return nil
}

// abort takes an upload away with its parts. A part that was under way may arrive behind an abort: it is repeated until the
// server knows nothing of the upload.
func (s *S3) abort(ctx context.Context, key, id string) error {
	ctx, cancel := context.WithTimeout(ctx, abortFor)
	defer cancel()
	err := retry(ctx, func() error {
		err := s.core.AbortMultipartUpload(ctx, s.address.bucket, key, id)
		if err != nil {
			return err
		}
		if _, err = s.core.ListObjectParts(ctx, s.address.bucket, key, id, 0, 1); err == nil {
			err = errStillOpen
		}
		return err
	})
	if err == nil || code(err) == minio.NoSuchUpload {
		return nil
	}
	return fmt.Errorf("and its upload stays open, until it is put again or is %s old: %w", abandonedAfter, err)
}

// abortAbandoned aborts what killed processes left under this prefix and nobody went on with for long.
func (s *S3) abortAbandoned(ctx context.Context) error {
	abandoned, err := s.abandoned(ctx, abandonedAfter)
	if err != nil {
		return err
	}
	for _, o := range abandoned {
		if err := s.abort(ctx, o.Key, o.UploadID); err != nil {
			return fmt.Errorf("abort the abandoned upload of %s: %w", strings.TrimPrefix(o.Key, s.key("")), err)
		}
	}
	return nil
}

// abandoned lists what killed processes left under this prefix and nobody went on with for so long.
func (s *S3) abandoned(ctx context.Context, age time.Duration) (out []minio.ObjectMultipartInfo, err error) {
	open, err := s.uploads(ctx, s.key(""))
	if err != nil {
		return nil, err
	}
	for _, o := range open {
		name := strings.TrimPrefix(o.Key, s.key(""))
		s.mu.Lock()
		busy := s.busy[o.UploadID]
		s.mu.Unlock()
		if !busy && checkName(name) == nil && !o.Initiated.IsZero() && s.now().Sub(o.Initiated) >= age {
			out = append(out, o)
		}
	}
	return out, nil
}

// uploads lists the open uploads of the keys with a prefix. Some servers list those of one whole key only.
func (s *S3) uploads(ctx context.Context, prefix string) (out []minio.ObjectMultipartInfo, err error) {
	key, id := "", ""
	for {
		var page minio.ListMultipartUploadsResult
		err := retry(ctx, func() (err error) {
			page, err = s.core.ListMultipartUploads(ctx, s.address.bucket, prefix, key, id, "", pageMax)
			return err
		})
		if code(err) == minio.NoSuchUpload { // how one server says that there are none
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list open uploads: %w", err)
		}
		out = append(out, page.Uploads...)
		if !page.IsTruncated || page.NextKeyMarker == key && page.NextUploadIDMarker == id {
			return out, nil
		}
		key, id = page.NextKeyMarker, page.NextUploadIDMarker
	}
}

// partsOf lists the parts of an upload that the server has.
func (s *S3) partsOf(ctx context.Context, key, id string) (map[int]minio.ObjectPart, error) {
	out, after := map[int]minio.ObjectPart{}, 0
	for {
		var page minio.ListObjectPartsResult
		err := retry(ctx, func() (err error) {
			page, err = s.core.ListObjectParts(ctx, s.address.bucket, key, id, after, pageMax)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, p := range page.ObjectParts {
			out[p.PartNumber] = p
		}
		if !page.IsTruncated || page.NextPartNumberMarker <= after {
			return out, nil
		}
		after = page.NextPartNumberMarker
	}
}
