// Package health answers over HTTP whether a node is alive, ready and well, and what its figures are.
//
// The nouns:
//
//   - /livez: the process answers. It says nothing about recovery, so that nobody kills a node that is recovering.
//   - /readyz: clients may be sent here. With ?verbose, each check by name.
//   - /healthz: everything is well, all checks included.
//   - /metrics: Prometheus text.
//
// Life of a request: (1) the checks are asked, each time anew; (2) 200 if those that matter pass, else 503 with the
// failing ones by name. The package reads and never changes anything; handlers are safe for concurrent use.
package health
