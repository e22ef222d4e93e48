package iso8601

import (
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	tests := map[string]time.Duration{
		"PT30S": 30 * time.Second, "P1D": 24 * time.Hour, "PT5M": 5 * time.Minute, "P1DT2H3M4.5S": 26*time.Hour + 3*time.Minute + 4500*time.Millisecond,
		"pt1h": time.Hour, "PT0S": 0, "P0D": 0, "-PT1M": -time.Minute, "PT-10M": -10 * time.Minute, "+PT1S": time.Second, "PT0.000000001S": 1, "PT1,5S": 1500 * time.Millisecond,
	}
	for text, want := range tests {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestParseDurationRefuses(t *testing.T) {
	for _, text := range []string{
		"", " ", "10s", "P", "PT", "P1D1S", "P1DT", "P1W", "P1M", "P1Y", "PT1S1M", "PT1.5M", "PT--1S", "PT1H2H", "PT.S", "PT1,5,5S", "PT1,5M",
		"PT9999999999999999S", "PT9223372036854775S", "PT1S ",
	} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("ParseDuration(%q) = %v, want an error", text, got)
		}
	}
}

func TestFormatDuration(t *testing.T) {
	tests := map[time.Duration]string{
		0: "PT0S", 90 * time.Minute: "PT1H30M", 24 * time.Hour: "PT24H", 1500 * time.Millisecond: "PT1.5S", -time.Minute: "-PT1M",
	}
	for d, want := range tests {
		if got := FormatDuration(d); got != want {
			t.Errorf("FormatDuration(%v) = %q, want %q", d, got, want)
		}
	}
}
