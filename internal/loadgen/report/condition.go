package report

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Condition is one that a run must not meet, such as p99>50ms.
type Condition struct {
	Metric   string
	Operator string // one of > >= < <=
	Value    float64
	text     string // of the value
}

// String is what ParseConditions would read again.
func (c Condition) String() string { return c.Metric + c.Operator + c.text }

// A ConditionError says what is wrong with a condition.
type ConditionError struct {
	Part   string // the condition
	Wrong  string // "form", "metric" or "value"
	Metric string // its name, unless the form is wrong
	kind   kind
}

// Error implements error.
func (e *ConditionError) Error() string {
	return "condition " + strconv.Quote(e.Part) + ": wrong " + e.Wrong
}

// Example is a value that the metric could be compared with.
func (e *ConditionError) Example() string {
	return map[kind]string{count: "0", rate: "10000/s", duration: "50ms", size: "4096"}[e.kind]
}

// conditionForm is a name, an operator, and a value.
var conditionForm = regexp.MustCompile(`^([a-z0-9.-]+)\s*(>=|<=|>|<)\s*([^\s<>=]+)$`)

// ParseConditions reads conditions separated by commas. An error is a *ConditionError.
func ParseConditions(text string) ([]Condition, error) {
	var conditions []Condition
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		fields := conditionForm.FindStringSubmatch(part)
		if fields == nil {
			return nil, &ConditionError{Part: part, Wrong: "form"}
		}
		m, known := findMetric(fields[1])
		if !known {
			return nil, &ConditionError{Part: part, Wrong: "metric", Metric: fields[1]}
		}
		value, ok := parseValue(m.kind, fields[3])
		if !ok {
			return nil, &ConditionError{Part: part, Wrong: "value", Metric: fields[1], kind: m.kind}
		}
		conditions = append(conditions, Condition{Metric: fields[1], Operator: fields[2], Value: value, text: fields[3]})
	}
	return conditions, nil
}

// parseValue reads a figure of the kind. A duration must have a unit: 50 could be anything.
func parseValue(k kind, text string) (float64, bool) {
	if k == duration {
		d, err := time.ParseDuration(text)
		return float64(d), err == nil && d >= 0
	}
	if k == rate {
		text = strings.TrimSuffix(text, "/s")
	}
	plain := strings.Trim(text, "0123456789.") == "" // ParseFloat also takes 0x1p-2, 1_0 and Inf
	value, err := strconv.ParseFloat(text, 64)
	return value, err == nil && plain && !math.IsInf(value, 0)
}

// A Failure is a condition that was met. Measured is false where there is no figure to judge by, which counts as met:
// what nobody has looked at is not known to be well.
type Failure struct {
	Condition Condition
	Value     float64
	Measured  bool
}

// Failures are those of the conditions that the report meets.
func (r *Report) Failures(conditions []Condition) []Failure {
	var failures []Failure
	for _, c := range conditions {
		m, known := findMetric(c.Metric)
		if !known {
			continue // ParseConditions lets none through
		}
		value, measured := m.value(r)
		if !measured || met(value, c) {
			failures = append(failures, Failure{c, value, measured})
		}
	}
	return slices.Clip(failures)
}

func met(value float64, c Condition) bool {
	switch c.Operator {
	case ">":
		return value > c.Value
	case ">=":
		return value >= c.Value
	case "<":
		return value < c.Value
	default:
		return value <= c.Value
	}
}
