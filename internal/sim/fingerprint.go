package sim

import (
	"fmt"
	"reflect"
)

// fingerprint hashes all that a value holds, unexported fields too, through
// pointers: two values with one fingerprint behave alike from here on, but for
// collisions of 64 bits. What cannot bear on behaviour is left out (idle), so
// that more states are recognised as one. It reads and never writes.
type fingerprint struct {
	sum   uint64
	seen  map[uintptr]uint64     // pointers on the way, by order of appearance
	plans map[reflect.Type][]int // the fields of a type that count
}

// idle are the fields, as package.Type.field, that bear on nothing: totals for
// status, and memory that is only kept to be written to again.
var idle = map[string]bool{
	"ring.Ring.n": true, "ring.Ring.cfg": true, "ring.Ring.arena": true, "ring.Ring.requests": true, "ring.Ring.t": true,
	"ring.store.free": true, "ring.store.limbo": true,
}

func (f *fingerprint) word(v uint64) {
	x := f.sum ^ v
	f.sum = splitmix(&x)
}

func (f *fingerprint) text(s string) {
	f.word(uint64(len(s)))
	for i := 0; i < len(s); i += 8 {
		var v uint64
		for j := i; j < min(i+8, len(s)); j++ {
			v = v<<8 | uint64(s[j])
		}
		f.word(v)
	}
}

func (f *fingerprint) add(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			f.word(1)
		} else {
			f.word(2)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		f.word(uint64(v.Int()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		f.word(v.Uint())
	case reflect.String:
		f.text(v.String())
	case reflect.Slice:
		f.slice(v)
	case reflect.Array:
		for i := range v.Len() {
			f.add(v.Index(i))
		}
	case reflect.Struct:
		f.fields(v)
	case reflect.Pointer:
		f.pointer(v)
	case reflect.Map:
		f.mapping(v)
	case reflect.Func:
		f.word(0) // given at the start, the same for ever
	default:
		panic(fmt.Sprintf("sim: no fingerprint of %s", v.Type()))
	}
}

func (f *fingerprint) slice(v reflect.Value) {
	f.word(uint64(v.Len()))
	if v.Type().Elem().Kind() == reflect.Uint8 {
		f.text(string(v.Bytes()))
		return
	}
	for i := range v.Len() {
		f.add(v.Index(i))
	}
}

func (f *fingerprint) fields(v reflect.Value) {
	t := v.Type()
	plan, known := f.plans[t]
	if !known {
		for i := range t.NumField() {
			if !idle[t.String()+"."+t.Field(i).Name] {
				plan = append(plan, i)
			}
		}
		f.plans[t] = plan
	}
	for _, i := range plan {
		f.add(v.Field(i))
	}
}

// pointer hashes what it points to at its first appearance, and which one it
// is at others.
func (f *fingerprint) pointer(v reflect.Value) {
	if v.IsNil() {
		f.word(0)
		return
	}
	at := v.Pointer()
	if n, again := f.seen[at]; again {
		f.word(n)
		return
	}
	f.seen[at] = uint64(len(f.seen) + 1)
	f.add(v.Elem())
}

// mapping hashes a map whatever its order.
func (f *fingerprint) mapping(v reflect.Value) {
	var sum uint64
	for it := v.MapRange(); it.Next(); {
		entry := fingerprint{seen: map[uintptr]uint64{}, plans: f.plans}
		entry.add(it.Key())
		entry.add(it.Value())
		sum += entry.sum
	}
	f.word(uint64(v.Len()))
	f.word(sum)
}
