package config

import (
	"math"
	"testing"
	"time"
)

func TestSizes(t *testing.T) {
	for _, test := range []struct {
		text string
		want int64 // -1: refused
	}{
		{"0B", 0}, {"1B", 1}, {"2kB", 2000}, {"2KB", 2000}, {"2KiB", 2048}, {"3MB", 3e6}, {"3MiB", 3 << 20},
		{"4GB", 4e9}, {"4GiB", 4 << 30}, {"64 MiB", 64 << 20}, {"007B", 7},
		{"9223372036854775807B", math.MaxInt64}, {"9223372036854775808B", -1}, {"8589934591GiB", 8589934591 << 30},
		{"8589934592GiB", -1}, {"18446744073709551616B", -1},
		{"", -1}, {"B", -1}, {"1", -1}, {"-1B", -1}, {"+1B", -1}, {"1.5MiB", -1}, {"1 0B", -1}, {"0x10B", -1},
		{"1M", -1}, {"1mib", -1}, {" 1B", -1}, {"1B ", -1}, {"1_0B", -1}, {"1KiBB", -1},
	} {
		have, err := parseSize(test.text)
		if err != nil {
			have = -1
		}
		if have != test.want {
			t.Errorf("%q: have %d, want %d", test.text, have, test.want)
		}
		if err == nil {
			if again, err := parseSize(formatSize(have)); again != have || err != nil {
				t.Errorf("%d is written %s and read %d, %v", have, formatSize(have), again, err)
			}
		}
	}
}

func TestDurations(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"500ms", "500ms"}, {"60s", "1m"}, {"90s", "1m30s"}, {"1h", "1h0m"}, {"0.5s", "500ms"}, {"62.5ms", "62.5ms"},
		{"31256us", "31.26ms"}, {"1234567us", "1.23s"}, {"0s", "0s"}, {"-1s", "-1s"},
		{"0", ""}, {"1", ""}, {"", ""}, {"s", ""}, {"1 s", ""}, {"1d", ""}, {"99999999999h", ""},
	} {
		d, err := parseDuration(test.text)
		have := formatDuration(d)
		if err != nil {
			have = ""
		}
		if have != test.want {
			t.Errorf("%q: have %q, want %q", test.text, have, test.want)
		}
	}
	if have := formatDuration(10 * time.Minute); have != "10m" {
		t.Errorf("have %s", have)
	}
}
