package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// document is one file being read: where its keys stand, and what is wrong
// with it so far. Nothing stops at the first error.
type document struct {
	file string
	at   map[string]position
	errs []*Error
}

// fail notes an error of the key shown as key, at the place of path or of the
// table nearest around it.
func (d *document) fail(key, path, format string, args ...any) {
	e := &Error{File: d.file, Key: printable(key), Msg: fmt.Sprintf(format, args...)}
	for {
		if place, ok := d.at[path]; ok {
			e.Line, e.Column = place.line, place.column
			break
		}
		dot := strings.LastIndexByte(path, '.')
		if dot < 0 {
			break
		}
		path = path[:dot]
	}
	d.errs = append(d.errs, e)
}

// table is one table of the file. Its methods read a value of a key, or note
// an error and return the default.
type table struct {
	doc     *document
	section string // its name in schema
	key     string // how messages call it: network.B
	path    string // how keyScanner calls it: network.1
	values  map[string]any
}

func (t *table) fail(key, format string, args ...any) {
	t.doc.fail(join2(t.key, key), join2(t.path, key), format, args...)
}

func (t *table) has(key string) bool {
	_, ok := t.values[key]
	return ok
}

// kind names the type of a TOML value for messages.
func kind(v any) string {
	switch v.(type) {
	case string:
		return "text"
	case int64:
		return "a number"
	case float64:
		return "a number with a fraction"
	case bool:
		return "true or false"
	case []any, []map[string]any:
		return "a list"
	case map[string]any:
		return "a table"
	}
	return "a date"
}

// get reads a value of type T, called want in messages.
func get[T any](t *table, key, want string) (T, bool) {
	v, present := t.values[key]
	value, ok := v.(T)
	if present && !ok {
		t.fail(key, "must be %s, not %s", want, kind(v))
	}
	return value, ok
}

func (t *table) text(key, def string) string {
	if s, ok := get[string](t, key, "text in quotes"); ok {
		return s
	}
	return def
}

func (t *table) flag(key string, def bool) bool {
	if b, ok := get[bool](t, key, "true or false"); ok {
		return b
	}
	return def
}

func (t *table) number(key string, def, least, most int64) int64 {
	n, ok := get[int64](t, key, "a whole number")
	if !ok {
		return def
	}
	if n < least || n > most {
		t.fail(key, "must be %d to %d, not %d", least, most, n)
		return def
	}
	return n
}

// duration reads a time with a unit.
func (t *table) duration(key string, def, least, most time.Duration) time.Duration {
	s, ok := get[string](t, key, `a time with a unit, such as "500ms",`)
	if !ok {
		return def
	}
	d, err := parseDuration(s)
	switch {
	case err != nil:
		t.fail(key, "%v, not %s", err, quote(s))
	case d < least || d > most:
		t.fail(key, "must be %s to %s, not %s", formatDuration(least), formatDuration(most), quote(s))
	default:
		return d
	}
	return def
}

// size reads a number of bytes: text with a unit, or a number.
func (t *table) size(key string, def, least, most int64) int64 {
	var n int64
	switch v := t.values[key].(type) {
	case nil:
		return def
	case int64:
		n = v
	case string:
		var err error
		if n, err = parseSize(v); err != nil {
			t.fail(key, "%v, not %s", err, quote(v))
			return def
		}
	default:
		t.fail(key, `must be a size with a unit, such as "64MiB", not %s`, kind(v))
		return def
	}
	if n < least || n > most {
		t.fail(key, "must be %s to %s, not %s", formatSize(least), formatSize(most), formatSize(n))
		return def
	}
	return n
}

// choice reads one of the given names and returns its index.
func (t *table) choice(key string, def int, names []string) int {
	s, ok := get[string](t, key, "one of "+strings.Join(names, ", ")+" in quotes,")
	if !ok {
		return def
	}
	if i := slices.Index(names, s); i >= 0 {
		return i
	}
	t.fail(key, "%s is not one of %s", quote(s), strings.Join(names, ", "))
	return def
}

// item is one value of a list, with the key that messages call it by.
type item struct {
	table *table
	path  string // below the table's
	key   string // below the table's
	text  string
}

func (i item) fail(format string, args ...any) {
	i.table.doc.fail(join2(i.table.key, i.key), join2(i.table.path, i.path), format, args...)
}

// texts reads a list of texts, or one text as a list of one.
func (t *table) texts(key string) []item {
	var items []item
	switch v := t.values[key].(type) {
	case nil:
	case string:
		items = append(items, item{t, key, key, v})
	case []any:
		for i, element := range v {
			it := item{t, join2(key, strconv.Itoa(i)), fmt.Sprintf("%s[%d]", key, i+1), ""}
			if s, ok := element.(string); ok {
				it.text = s
				items = append(items, it)
			} else {
				it.fail("must be text in quotes, not %s", kind(element))
			}
		}
	case []map[string]any:
		t.fail(key, "must be a list of texts, not of tables")
	default:
		t.fail(key, "must be text in quotes or a list of texts, not %s", kind(v))
	}
	return items
}

// numbers reads a list of whole numbers, or one as a list of one.
func (t *table) numbers(key string, least, most int64) []int64 {
	var list []int64
	switch v := t.values[key].(type) {
	case nil:
		return nil
	case int64:
		list = []int64{v}
	case []any:
		for i, element := range v {
			n, ok := element.(int64)
			if !ok {
				item{t, join2(key, strconv.Itoa(i)), fmt.Sprintf("%s[%d]", key, i+1), ""}.
					fail("must be a whole number, not %s", kind(element))
				continue
			}
			list = append(list, n)
		}
	default:
		t.fail(key, "must be a whole number or a list of them, not %s", kind(v))
	}
	for _, n := range list {
		if n < least || n > most {
			t.fail(key, "must be %d to %d, not %d", least, most, n)
		}
	}
	return list
}

// table returns the table under key; an empty one if there is none.
func (t *table) table(key string) (sub *table, present bool) {
	sub = &table{doc: t.doc, section: join2(t.section, key), key: join2(t.key, key), path: join2(t.path, key)}
	v, present := t.values[key]
	if !present {
		return sub, false
	}
	m, ok := v.(map[string]any)
	if !ok {
		t.fail(key, "must be a table, not %s", kind(v))
	}
	sub.values = m
	return sub, ok
}

// tables returns the tables of an array of them, of which there must be one.
func (t *table) tables(key string) []*table {
	var list []map[string]any
	switch v := t.values[key].(type) {
	case nil:
		t.fail(key, "missing: at least one [[%s]] is needed", join2(t.key, key))
	case []map[string]any:
		list = v
	case []any: // written inline
		if len(v) == 0 {
			t.fail(key, "missing: at least one [[%s]] is needed", join2(t.key, key))
		}
		for _, element := range v {
			m, ok := element.(map[string]any)
			if !ok {
				t.fail(key, "must be tables, each begun with [[%s]]", join2(t.key, key))
				return nil
			}
			list = append(list, m)
		}
	case map[string]any:
		t.fail(key, "there can be several; write [[%[1]s]] instead of [%[1]s]", join2(t.key, key))
	default:
		t.fail(key, "must be tables, each begun with [[%s]]", join2(t.key, key))
	}
	tables := make([]*table, len(list))
	for i, m := range list {
		tables[i] = &table{t.doc, join2(t.section, key), fmt.Sprintf("%s[%d]", join2(t.key, key), i+1),
			join2(join2(t.path, key), strconv.Itoa(i)), m}
	}
	return tables
}

// atMost notes more tables than there can be, and returns those to read: some
// beyond the limit, so that what is wrong elsewhere is found too, but not as
// many as a file can hold.
func atMost(tables []*table, most int) []*table {
	if len(tables) > most {
		tables[most].fail("", "there can be %d at most, these are %d", most, len(tables))
	}
	return tables[:min(len(tables), 4*most)]
}

// refuseUnknown notes every key that schema does not have.
func (t *table) refuseUnknown() {
	known := schema[t.section]
	for _, key := range sortedKeys(t.values) {
		if slices.Contains(known, key) {
			continue
		}
		// A name known in another table, exactly, is a likelier mistake than
		// a misspelling by more than one letter.
		if section, ok := elsewhere(t.section, key); ok && distance(key, nearest(key, known)) > 1 {
			if section == "" {
				t.fail(key, "unknown key here; %s belongs before the first table", quote(key))
			} else {
				t.fail(key, "unknown key here; %s belongs into [%s]", quote(key), section)
			}
			continue
		}
		t.fail(key, "unknown key%s", didYouMean(key, known))
	}
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
