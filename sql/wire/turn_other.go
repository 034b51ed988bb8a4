//go:build !unix

package wire

// turnstile lets nobody go first where pipes cannot be waited for as sockets are.
type turnstile struct{}

func newTurnstile() (*turnstile, error) { return &turnstile{}, nil }

func (*turnstile) pass() error { return nil }

func (*turnstile) close() {}
