package main

import (
	"embed"
	"fmt"
	"path"
	"strings"
)

//go:embed *.patch
var patches embed.FS

// mutant is one bug.
type mutant struct {
	name     string
	head     string
	expected []string // names of properties
	run      []string // arguments for the simulator
	test     []string // package and name of a Go test; nil: the simulator
	files    []filePatch
}

// mutants reads all of them, by name.
func mutants() ([]*mutant, error) {
	entries, err := patches.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("mutants: %w", err)
	}
	var list []*mutant
	for _, e := range entries {
		text, err := patches.ReadFile(e.Name())
		if err != nil {
			return nil, fmt.Errorf("mutants: %w", err)
		}
		m, err := parseMutant(strings.TrimSuffix(e.Name(), ".patch"), string(text))
		if err != nil {
			return nil, fmt.Errorf("mutants: %s: %w", e.Name(), err)
		}
		list = append(list, m)
	}
	return list, nil
}

func parseMutant(name, text string) (*mutant, error) {
	head, files, err := parsePatch(text)
	if err != nil {
		return nil, err
	}
	m := &mutant{name: name, head: head, files: files}
	for line := range strings.SplitSeq(head, "\n") {
		field, value, _ := strings.Cut(line, ": ")
		words := strings.Fields(value)
		switch field {
		case "Property":
			m.expected = words
		case "Run":
			m.run = words
		case "Test":
			if m.test = words; len(words) != 2 {
				return nil, fmt.Errorf("a test is a package and a name, not %q", value)
			}
		}
	}
	if len(m.expected) == 0 {
		return nil, fmt.Errorf("the head does not say which property is expected to show it")
	}
	return m, nil
}

// title is what the mutant does wrong, in one line.
func (m *mutant) title() string {
	line, _, _ := strings.Cut(m.head, "\n")
	return line
}

// packages are the directories of the files it changes, from the module's root.
func (m *mutant) packages() []string {
	var list []string
	for i := range m.files {
		if dir := path.Dir(m.files[i].file); len(list) == 0 || list[len(list)-1] != dir {
			list = append(list, dir)
		}
	}
	return list
}
