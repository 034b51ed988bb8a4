// Package board writes what shows a node's metrics to people: a page of reference, a Grafana dashboard and Prometheus rules, all
// from the list of metrics in the code.
//
// The nouns:
//
//   - Panel: a chart of the dashboard: what is asked of Prometheus, and in what unit it answers.
//   - Rule: an alert: what must be so, for how long, and what to do then.
//
// Life of a page: a test writes it anew and compares; who changes a metric changes its pages with the same commit.
//
// The package reads nothing of a running node.
package board
