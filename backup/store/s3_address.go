package store

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/minio/minio-go/v7/pkg/s3utils"
)

const (
	defaultEndpoint = "https://s3.amazonaws.com"
	defaultRegion   = "us-east-1"
)

// s3Address is what s3://BUCKET/PREFIX?endpoint=URL&region=R&storage-class=C says.
type s3Address struct {
	bucket, prefix string // the prefix without slashes around it
	endpoint       *url.URL
	region         string
	named          bool   // endpoint or region is in the address
	class          string // of what is put there and is large; empty: the bucket's own
}

// storageClass is the form of a name of a storage class. Which there are is the server's to say.
var storageClass = regexp.MustCompile(`^[A-Z0-9_]{0,64}$`)

// parseS3 reads an address. Its errors never repeat it: someone may have written a secret there.
func parseS3(u *url.URL) (a s3Address, err error) {
	if u.User != nil {
		return a, errors.New("an s3 address has no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	a.bucket, a.prefix = u.Host, strings.Trim(u.Path, "/")
	if a.bucket == "" || checkName(a.prefix) != nil || u.Fragment != "" {
		return a, errors.New("write s3://BUCKET/PREFIX; a prefix has letters, digits, dots, dashes, underscores and slashes")
	}
	if err := s3utils.CheckValidBucketName(a.bucket); err != nil {
		return a, fmt.Errorf("%q cannot be a bucket: %w", a.bucket, err)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return a, errors.New("what follows ? in an s3 address cannot be read: write endpoint=URL&region=REGION")
	}
	endpoint := defaultEndpoint
	a.region = defaultRegion
	for key, values := range query {
		if len(values) != 1 || values[0] == "" {
			return a, fmt.Errorf("an s3 address has %s once, with a value", key)
		}
		switch key {
		case "endpoint":
			endpoint = values[0]
		case "region":
			a.region = values[0]
		case "storage-class":
			a.class = values[0]
			continue
		default:
			return a, fmt.Errorf("an s3 address has endpoint=URL, region=REGION and storage-class=CLASS, not %s", key)
		}
		a.named = true
	}
	if !storageClass.MatchString(a.class) {
		return a, errors.New("a storage class is written as STANDARD_IA is")
	}
	a.endpoint, err = url.Parse(endpoint)
	if err != nil || a.endpoint.Scheme != "http" && a.endpoint.Scheme != "https" || a.endpoint.Host == "" ||
		strings.Trim(a.endpoint.Path, "/") != "" || a.endpoint.User != nil || a.endpoint.RawQuery != "" {
		return a, errors.New("the endpoint of an s3 address is http://HOST:PORT or https://HOST:PORT")
	}
	return a, nil
}

// String is the address again.
func (a s3Address) String() string {
	text := "s3://" + a.bucket + "/" + a.prefix
	if a.named {
		text += "?endpoint=" + a.endpoint.Scheme + "://" + a.endpoint.Host + "&region=" + url.QueryEscape(a.region)
	}
	return text // the class is none of its name: the same place may be written to in any
}
