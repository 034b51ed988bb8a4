package board

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"redoubt/telemetry"
)

// Reference is the page of all metrics.
func Reference() string {
	var b strings.Builder
	b.WriteString("# Metrics\n\nThis page is written by a test from the list in the code. A node serves these at `/metrics` of its `--http` address, as Prometheus\n" +
		"text; [setting up Prometheus and Grafana](../guide/monitoring.md) says how to fetch them. Nothing is labelled by statement: what a single\n" +
		"statement does is in [V$SQL and V$ACTIVE_SESSION_HISTORY](views.md).\n\n| metric | kind | labels | what it says |\n|---|---|---|---|\n")
	for _, m := range telemetry.Metrics() {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", m.Name, m.Kind, strings.ReplaceAll(m.Labels, ",", ", "), m.Help)
	}
	return b.String()
}

var metricName = regexp.MustCompile(`\b(redoubt|go|process)_[a-z0-9_]+\b`)

// Unknown gives the names in an expression that are no metrics of a node.
func Unknown(expression string) (unknown []string) {
	for _, name := range metricName.FindAllString(expression, -1) {
		known := slices.ContainsFunc(telemetry.Metrics(), func(m telemetry.Metric) bool {
			if m.Kind == telemetry.Histogram {
				return name == m.Name+"_bucket" || name == m.Name+"_sum" || name == m.Name+"_count"
			}
			return name == m.Name
		})
		if !known {
			unknown = append(unknown, name)
		}
	}
	return unknown
}
