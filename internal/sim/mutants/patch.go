package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// filePatch is what a unified diff does to one file.
type filePatch struct {
	file  string // from the module's root
	hunks []hunk
}

// hunk is one change: these lines, found once in the file, become those.
type hunk struct {
	line          int // where the diff was made, from 1; for messages only
	before, after []string
}

// parsePatch splits a patch into its head and the changes, in order.
func parsePatch(text string) (head string, files []filePatch, err error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	at := 0
	for at < len(lines) && !strings.HasPrefix(lines[at], "--- a/") {
		at++
	}
	head = strings.Join(lines[:at], "\n")
	for at < len(lines) {
		name, ok := strings.CutPrefix(lines[at], "--- a/")
		if !ok || at+1 == len(lines) || lines[at+1] != "+++ b/"+name {
			return "", nil, fmt.Errorf("line %d: not the names of one file before and after", at+1)
		}
		p := filePatch{file: name}
		for at += 2; at < len(lines) && strings.HasPrefix(lines[at], "@@ "); {
			var h hunk
			if h, at, err = parseHunk(lines, at); err != nil {
				return "", nil, err
			}
			p.hunks = append(p.hunks, h)
		}
		if len(p.hunks) == 0 {
			return "", nil, fmt.Errorf("line %d: %s is not changed", at, name)
		}
		files = append(files, p)
	}
	if len(files) == 0 {
		return "", nil, errors.New("no diff")
	}
	return head, files, nil
}

// parseHunk reads the hunk that begins at a line and returns the line after it.
func parseHunk(lines []string, at int) (hunk, int, error) {
	head := strings.Fields(lines[at])
	if len(head) < 4 || head[3] != "@@" {
		return hunk{}, 0, fmt.Errorf("line %d: not the head of a hunk: %s", at+1, lines[at])
	}
	line, before, err := parseRange(head[1], "-")
	_, after, err2 := parseRange(head[2], "+")
	if err = errors.Join(err, err2); err != nil {
		return hunk{}, 0, fmt.Errorf("line %d: %w", at+1, err)
	}
	h := hunk{line: line}
	for at++; at < len(lines) && (len(h.before) < before || len(h.after) < after); at++ {
		text := lines[at]
		mark, rest := byte(' '), ""
		if text != "" { // an editor may have taken the space of an empty line
			mark, rest = text[0], text[1:]
		}
		switch mark {
		case ' ':
			h.before, h.after = append(h.before, rest), append(h.after, rest)
		case '-':
			h.before = append(h.before, rest)
		case '+':
			h.after = append(h.after, rest)
		default:
			return hunk{}, 0, fmt.Errorf("line %d: begins with %q", at+1, mark)
		}
	}
	if len(h.before) != before || len(h.after) != after {
		return hunk{}, 0, fmt.Errorf("line %d: the hunk has %d and %d lines, its head says %d and %d", at, len(h.before), len(h.after), before, after)
	}
	return h, at, nil
}

// parseRange reads one side of a hunk's head, such as -10,7.
func parseRange(s, sign string) (line, count int, err error) {
	text, ok := strings.CutPrefix(s, sign)
	first, rest, several := strings.Cut(text, ",")
	line, err = strconv.Atoi(first)
	count = 1
	if several && err == nil {
		count, err = strconv.Atoi(rest)
	}
	if !ok || err != nil || line < 0 || count < 0 {
		return 0, 0, fmt.Errorf("not a range of lines: %s", s)
	}
	return line, count, nil
}

// apply returns the changed file. Lines may have moved since the patch was
// made, but the lines it names must still be there, and only once: a change
// in another place would be another bug.
func (p *filePatch) apply(source string) (string, error) {
	lines := strings.Split(source, "\n")
	from := 0
	for i := range p.hunks {
		h := &p.hunks[i]
		at, times := find(lines, h.before)
		switch {
		case times == 0:
			return "", fmt.Errorf("%s: the lines of the hunk made at line %d are not there", p.file, h.line)
		case times > 1:
			return "", fmt.Errorf("%s: the lines of the hunk made at line %d are there %d times", p.file, h.line, times)
		case at < from:
			return "", fmt.Errorf("%s: the hunk made at line %d now comes before the one in front of it", p.file, h.line)
		}
		changed := append([]string(nil), lines[:at]...)
		changed = append(changed, h.after...)
		lines = append(changed, lines[at+len(h.before):]...)
		from = at + len(h.after)
	}
	return strings.Join(lines, "\n"), nil
}

// find returns where some lines stand one after another, and how often.
func find(lines, wanted []string) (at, times int) {
	at = -1
	for i := 0; i+len(wanted) <= len(lines); i++ {
		same := true
		for j := range wanted {
			if lines[i+j] != wanted[j] {
				same = false
				break
			}
		}
		if same {
			times++
			if at < 0 {
				at = i
			}
		}
	}
	return at, times
}
