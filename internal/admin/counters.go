package admin

import (
	"reflect"
	"strings"
)

// Counters are totals since start, by stable name.
type Counters map[string]uint64

// Add puts every uint64 field of the struct v into c under prefix and the
// field's name in snake case: Add("ring_", ring.Counters{}) gives
// ring_tokens_accepted and so on.
func (c Counters) Add(prefix string, v any) {
	value := reflect.ValueOf(v)
	for i := range value.NumField() {
		if f := value.Type().Field(i); f.Type.Kind() == reflect.Uint64 {
			c[prefix+snake(f.Name)] = value.Field(i).Uint()
		}
	}
}

// snake turns TokensAccepted into tokens_accepted; a run of capitals is one
// word.
func snake(name string) string {
	upper := func(i int) bool { return name[i] >= 'A' && name[i] <= 'Z' }
	var b strings.Builder
	for i := range len(name) {
		begins := i > 0 && upper(i) && (!upper(i-1) || i+1 < len(name) && !upper(i+1))
		if begins {
			b.WriteByte('_')
		}
		b.WriteString(strings.ToLower(name[i : i+1]))
	}
	return b.String()
}
