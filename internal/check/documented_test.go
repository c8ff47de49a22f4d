package check

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// documented is the table of docs/verification.md that says what is about each
// property: its cells, by the property's name.
func documented(t *testing.T) map[string][]string {
	text, err := os.ReadFile(filepath.Join(root, "docs", "verification.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "## Property by property\n")
	section, _, _ = strings.Cut(section, "\n## ")
	rows := make(map[string][]string)
	for line := range strings.SplitSeq(section, "\n") {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if !strings.HasPrefix(line, "|") || len(cells) != 4 {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if rows[cells[0]] != nil {
			t.Errorf("%s stands there twice", cells[0])
		}
		rows[cells[0]] = cells[1:]
	}
	return rows
}

var quoted = regexp.MustCompile("`([^`]+)`")

func names(cell string) (list []string) {
	for _, m := range quoted.FindAllStringSubmatch(cell, -1) {
		list = append(list, m[1])
	}
	return list
}

// The documentation has a row for every property, and what it names exists.
func TestEveryPropertyIsDocumented(t *testing.T) {
	rows := documented(t)
	for _, p := range Properties() {
		row := rows[p.String()]
		if row == nil {
			t.Errorf("%s has no row", p)
			continue
		}
		delete(rows, p.String())
		if offered := p.NotOffered() == ""; offered == strings.HasPrefix(row[0], "not offered") {
			t.Errorf("%s: %q", p, row[0])
			continue
		} else if offered && len(names(row[0])) == 0 {
			t.Errorf("no test is about %s", p)
		}
		for _, name := range names(row[0]) {
			if i := strings.LastIndex(name, "."); i < 0 || !hasTest(t, name[:i], name[i+1:]) {
				t.Errorf("%s: there is no test %s", p, name)
			}
		}
		if want := mutantsOf(t, p); !slices.Equal(names(row[2]), want) {
			t.Errorf("%s: the mutants that name it are %v", p, want)
		}
		for id := range strings.FieldsSeq(row[1]) {
			if !hasScenario(t, id) {
				t.Errorf("%s: there is no scenario %s", p, id)
			}
		}
	}
	delete(rows, "property")
	delete(rows, "---")
	if len(rows) > 0 {
		t.Errorf("rows of no property: %v", rows)
	}
}

// contains tells whether a text stands in a file of some pattern.
func contains(t *testing.T, pattern, text string) bool {
	files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
	if err != nil || len(files) == 0 {
		return false
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), text) {
			return true
		}
	}
	return false
}

func hasTest(t *testing.T, dir, name string) bool {
	return contains(t, dir+"/*_test.go", "\nfunc "+name+"(t *testing.T)")
}

func hasScenario(t *testing.T, id string) bool {
	return contains(t, "internal/sim/scenario/*.go", `"`+id+`"`)
}

// mutantsOf lists the mutants whose head expects a property to show them.
func mutantsOf(t *testing.T, p Property) (list []string) {
	files, err := filepath.Glob(filepath.Join(root, "internal", "sim", "mutants", "*.patch"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		_, expected, _ := strings.Cut(string(b), "\nProperty: ")
		expected, _, _ = strings.Cut(expected, "\n")
		if slices.Contains(strings.Fields(expected), p.String()) {
			list = append(list, strings.TrimSuffix(filepath.Base(f), ".patch"))
		}
	}
	return list
}
