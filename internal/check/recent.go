package check

// recentSize is how many entries a recent holds at least.
const recentSize = 1 << 16

// recent is a map that forgets: what was put or looked up least recently goes
// first. It keeps at least the last recentSize entries, so that memory does not
// grow with the length of a run.
type recent[K comparable, V any] struct {
	young, old map[K]V
}

func (r *recent[K, V]) get(k K) V {
	if v, ok := r.young[k]; ok {
		return v
	}
	return r.old[k]
}

func (r *recent[K, V]) put(k K, v V) {
	if r.young == nil || len(r.young) >= recentSize {
		r.young, r.old = make(map[K]V), r.young
	}
	r.young[k] = v
}
