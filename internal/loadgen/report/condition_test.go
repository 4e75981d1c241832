package report_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"recado/internal/loadgen/report"
)

func TestParseConditions(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"p99>50ms", "p99>50ms=5e+07"},
		{"p99>50ms,lost>0", "p99>50ms=5e+07 lost>0=0"},
		{" p99.9 >= 1.5s , deliveries < 10000/s ", "p99.9>=1.5s=1.5e+09 deliveries<10000/s=10000"},
		{"out-of-order>0,connect<=100,memory>4096", "out-of-order>0=0 connect<=100=100 memory>4096=4096"},
		{"cpu>500ns", "cpu>500ns=500"},
		{"", "form"},
		{"lost", "form"},
		{"lost>0,", "form"},
		{"lost>0;p99>1s", "form"},
		{"lost=0", "form"},
		{"lost>>0", "form"},
		{"lost>0>1", "form"},
		{"p98>1s", "metric"},
		{"P99>1s", "form"},
		{"p99>50", "value"},
		{"p99>-1s", "value"},
		{"lost>many", "value"},
		{"lost>1e3", "value"},
		{"lost>0x10", "value"},
		{"lost>1/s", "value"},
		{"memory>4KiB", "value"},
		{"lost>Inf", "value"},
	} {
		var got []string
		conditions, err := report.ParseConditions(tt.text)
		for _, c := range conditions {
			got = append(got, fmt.Sprintf("%v=%v", c, c.Value))
		}
		if wrong, is := errors.AsType[*report.ConditionError](err); is {
			got = []string{wrong.Wrong}
			if (wrong.Example() == "") != (wrong.Wrong != "value") && wrong.Wrong == "value" {
				t.Errorf("ParseConditions(%q): the error has no example", tt.text)
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("ParseConditions(%q) = %q, %v, want %q", tt.text, got, err, tt.want)
		}
	}
}

func FuzzParseConditions(f *testing.F) {
	f.Add("p99>50ms,lost>0")
	f.Add("deliveries<=10000.5/s, p99.9 >= 1h2m")
	f.Fuzz(func(t *testing.T, text string) {
		conditions, err := report.ParseConditions(text)
		if err != nil {
			return
		}
		var parts []string
		for _, c := range conditions {
			parts = append(parts, c.String())
		}
		again, err := report.ParseConditions(strings.Join(parts, ","))
		if err != nil || fmt.Sprint(again) != fmt.Sprint(conditions) {
			t.Errorf("ParseConditions(%q) = %v; read again: %v, %v", text, conditions, again, err)
		}
		new(report.Report).Failures(conditions)
	})
}

func TestFailures(t *testing.T) {
	nothing := &report.Report{Traffic: &report.Traffic{}}
	r := &report.Report{Traffic: &report.Traffic{Deliveries: 10_000, P99: 20, Lost: 1, PerSecond: 1000}}
	for text, want := range map[string]int{
		"p99>20ms": 0, "p99>=20ms": 1, "p99>19ms": 1, "p99<20ms": 0, "p99<=20ms": 1, "p99<1s": 1,
		"lost>0": 1, "lost>1": 0, "deliveries<1000/s": 0, "deliveries<1001": 1,
		"lost>0,p99>1s,duplicated>0": 1,
		"cpu>1h":                     1, // not measured
		"memory>1":                   1,
	} {
		conditions, err := report.ParseConditions(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := nothing.Failures(conditions); strings.HasPrefix(text, "p99") && len(got) == 0 {
			t.Errorf("Failures(%s) = none without a delivery", text)
		}
		if got := r.Failures(conditions); len(got) != want {
			t.Errorf("Failures(%s) = %+v, want %d", text, got, want)
		}
	}
}
