package metrics_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	queried  = regexp.MustCompile(`\b((?:recado|go|process)_[a-z_]+)\b(?:\{([^}]*)\})?`)
	matched  = regexp.MustCompile(`(\w+)\s*[=!]~?"`)
	grouped  = regexp.MustCompile(`\bby \(([^)]*)\)`)
	exposure = regexp.MustCompile(`(?m)^([a-z_]+)(?:\{(.*)\})? `)
)

// The dashboard asks for nothing that is not there.
func TestDashboard(t *testing.T) {
	var dashboard any
	if err := json.Unmarshal([]byte(read(t, "deploy/grafana.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	labels := map[string][]string{} // of each series
	for _, series := range exposure.FindAllStringSubmatch(exposed(exercised()), -1) {
		labels[series[1]] = append([]string{"job", "instance"}, namesOf(matched, series[2])...) // Prometheus adds these
	}
	asked := queries(dashboard)
	for _, query := range asked {
		for _, problem := range wrongWith(query, labels) {
			t.Errorf("%s\n\t%s", query, problem)
		}
	}
	for name := range labels {
		own := strings.HasPrefix(name, "recado_") && !strings.HasSuffix(name, "_info")
		if own && !slices.ContainsFunc(asked, func(query string) bool { return strings.Contains(query, name) }) {
			t.Errorf("no panel shows %s", name)
		}
	}
	for query, want := range map[string]string{
		`rate(recado_gossip_total[1m])`:            "recado_gossip_total",
		`recado_rooms{room="ops"}`:                 `no label "room"`,
		`sum by (room) (recado_rooms{job="x"})`:    `no label "room"`,
		`sum by (protocol) (recado_connections{})`: "",
	} {
		if got := strings.Join(wrongWith(query, labels), " "); got != want && (want == "" || !strings.Contains(got, want)) {
			t.Errorf("of %s it is said: %q, want %q", query, got, want)
		}
	}
}

// wrongWith names the metrics of a query that do not exist, and the labels that they do not have.
func wrongWith(query string, labels map[string][]string) (problems []string) {
	for _, metric := range queried.FindAllStringSubmatch(query, -1) {
		have, exists := labels[metric[1]]
		if !exists {
			problems = append(problems, "there is no "+metric[1])
			continue
		}
		for _, label := range append(namesOf(matched, metric[2]), namesOf(grouped, query)...) {
			if !slices.Contains(have, label) {
				problems = append(problems, metric[1]+" has no label \""+label+"\"")
			}
		}
	}
	return problems
}

func namesOf(pattern *regexp.Regexp, text string) (names []string) {
	for _, found := range pattern.FindAllStringSubmatch(text, -1) {
		for name := range strings.SplitSeq(found[1], ",") {
			names = append(names, strings.TrimSpace(name))
		}
	}
	return names
}

// queries are all that the dashboard asks: of a panel, an annotation, or for the choices of a variable.
func queries(node any) (all []string) {
	switch n := node.(type) {
	case []any:
		for _, child := range n {
			all = append(all, queries(child)...)
		}
	case map[string]any:
		for key, child := range n {
			if query, is := child.(string); is && (key == "expr" || key == "query") {
				all = append(all, query)
			} else {
				all = append(all, queries(child)...)
			}
		}
	}
	return all
}
