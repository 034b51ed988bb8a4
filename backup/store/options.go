package store

import "time"

// Options are what an address does not say. Only s3:// reads them.
type Options struct {
	// S3 is who asks the server.
	S3 Credentials
	// PutRate is what all Puts of one Store together send in a second at most, in bytes; 0 is no limit.
	PutRate int64
	// Now is the clock that tells which abandoned uploads are old; nil is time.Now.
	Now func() time.Time
}

// Credentials are what an S3 server knows its clients by. They are read where the program starts, and nothing shows them.
type Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// String shows nothing of them.
func (Credentials) String() string { return "credentials" }

// GoString shows nothing of them.
func (Credentials) GoString() string { return "credentials" }
