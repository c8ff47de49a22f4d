package config

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// position is a place in a text; both numbers start at 1, a column counts
// bytes, as in the messages of the Go tools.
type position struct{ line, column int }

// positionAt finds the place of a byte offset.
func positionAt(text string, offset int) position {
	offset = min(max(offset, 0), len(text))
	before := text[:offset]
	start := strings.LastIndexByte(before, '\n') + 1
	return position{strings.Count(before, "\n") + 1, len(before) - start + 1}
}

// Limits of what a file may ask of the TOML library, whose time grows with
// the square of depth and key length. The largest legal configuration stays
// far below all of them.
const (
	maxDepth = 8
	maxKey   = 128 // bytes of one part of a key
	maxKeys  = 20000
	maxFile  = 1 << 20

	tooDeep = "nested too deeply for a configuration"
)

// keyScanner finds the place of every key in a TOML text, which the TOML
// library does not tell. It reads valid TOML rightly, and any other text
// without failing: what it does not understand it skips, the library then
// says what is wrong there.
//
// Places are kept under the path of the key: its parts joined by dots, with
// the index, from 0, of a table or value in an array (network.1.subnet).
type keyScanner struct {
	text string
	i    int

	line, lineStart int // of i: number from 1, offset of its first byte

	table  string         // path of the table we are in
	counts map[string]int // tables so far in each array of tables
	at     map[string]position
	limit  *Error // the first limit that was passed; scanning ended there
}

// findKeys scans text. It returns an error, without a file name, if the text
// passes a limit.
func findKeys(text string) (map[string]position, *Error) {
	s := &keyScanner{text: text, line: 1, counts: map[string]int{}, at: map[string]position{}}
	for s.limit == nil {
		s.skipBlank()
		if s.i == len(s.text) {
			break
		}
		if s.peek() == '[' {
			s.header()
		} else {
			s.pair(s.table, 0)
		}
		s.skipLine()
	}
	return s.at, s.limit
}

func (s *keyScanner) peek() byte {
	if s.i < len(s.text) {
		return s.text[s.i]
	}
	return 0
}

func (s *keyScanner) accept(c byte) bool {
	if s.i < len(s.text) && s.text[s.i] == c {
		s.i++
		return true
	}
	return false
}

func (s *keyScanner) here() position {
	return position{s.line, s.i - s.lineStart + 1}
}

func (s *keyScanner) fail(msg string) {
	if s.limit == nil {
		p := s.here()
		s.limit = &Error{Line: p.line, Column: p.column, Msg: msg}
	}
	s.i = len(s.text)
}

// advance moves to offset end, counting lines.
func (s *keyScanner) advance(end int) {
	for ; s.i < end; s.i++ {
		if s.text[s.i] == '\n' {
			s.line++
			s.lineStart = s.i + 1
		}
	}
}

func (s *keyScanner) skipSpace() {
	for s.peek() == ' ' || s.peek() == '\t' {
		s.i++
	}
}

// skipBlank passes over space, line ends and comments.
func (s *keyScanner) skipBlank() {
	for s.i < len(s.text) {
		switch s.peek() {
		case ' ', '\t', '\r', '\n':
			s.advance(s.i + 1)
		case '#':
			s.skipLine()
		default:
			return
		}
	}
}

// skipLine goes to the end of the line.
func (s *keyScanner) skipLine() {
	if n := strings.IndexByte(s.text[s.i:], '\n'); n >= 0 {
		s.i += n
	} else {
		s.i = len(s.text)
	}
}

// header reads [a.b] or [[a.b]] and makes it the current table.
func (s *keyScanner) header() {
	place := s.here()
	s.i++
	array := s.accept('[')
	parts := s.key()
	path := ""
	for i, part := range parts {
		path = join2(path, part)
		if array && i == len(parts)-1 {
			s.counts[path]++
		}
		if n := s.counts[path]; n > 0 {
			path = join2(path, strconv.Itoa(n-1))
		}
	}
	s.table = path
	s.note(path, place)
}

// pair reads key = value in the table with the given path.
func (s *keyScanner) pair(table string, depth int) {
	place := s.here()
	parts := s.key()
	path := table
	for _, part := range parts {
		path = join2(path, part)
		s.note(path, place)
	}
	s.skipSpace()
	if len(parts) == 0 || !s.accept('=') {
		return
	}
	s.value(path, depth)
}

// note keeps the first place of a path.
func (s *keyScanner) note(path string, place position) {
	if len(s.at) >= maxKeys {
		s.fail("more keys and values than a configuration can have")
		return
	}
	if _, known := s.at[path]; !known {
		s.at[path] = place
	}
}

// key reads a dotted key: bare and quoted parts.
func (s *keyScanner) key() []string {
	var parts []string
	for {
		s.skipSpace()
		part, ok := s.keyPart()
		if !ok {
			return parts
		}
		if len(part) > maxKey {
			s.fail(fmt.Sprintf("a key of more than %d bytes", maxKey))
			return nil
		}
		if parts = append(parts, part); len(parts) > maxDepth {
			s.fail(tooDeep)
			return nil
		}
		s.skipSpace()
		if !s.accept('.') {
			return parts
		}
	}
}

func (s *keyScanner) keyPart() (string, bool) {
	start := s.i
	switch c := s.peek(); c {
	case '"', '\'':
		s.quoted(c)
		part := s.text[start:s.i]
		if c == '"' {
			if plain, err := strconv.Unquote(part); err == nil {
				return plain, true
			}
		}
		return strings.Trim(part, string(c)), true
	}
	for s.i < len(s.text) && isBare(s.text[s.i]) {
		s.i++
	}
	return s.text[start:s.i], s.i > start
}

// isBare tells bytes of bare keys; those outside ASCII are of TOML 1.1.
func isBare(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c >= utf8.RuneSelf
}

// value passes over a value and notes the keys inside it.
func (s *keyScanner) value(path string, depth int) {
	if depth++; depth > maxDepth {
		s.fail(tooDeep)
		return
	}
	s.skipSpace()
	switch c := s.peek(); c {
	case '"', '\'':
		if long := strings.Repeat(string(c), 3); strings.HasPrefix(s.text[s.i:], long) {
			s.multiline(c, long)
		} else {
			s.quoted(c)
		}
	case '[':
		s.array(path, depth)
	case '{':
		s.inlineTable(path, depth)
	default:
		for s.i < len(s.text) && !strings.ContainsRune(",]}#\r\n", rune(s.text[s.i])) {
			s.i++
		}
	}
}

// quoted passes over a string of one line.
func (s *keyScanner) quoted(quote byte) {
	for s.i++; s.i < len(s.text); s.i++ {
		switch c := s.text[s.i]; {
		case c == quote:
			s.i++
			return
		case c == '\n':
			return
		case c == '\\' && quote == '"' && s.i+1 < len(s.text) && s.text[s.i+1] != '\n':
			s.i++
		}
	}
}

// multiline passes over a string between three quotes on each side; up to two
// more quotes may stand directly before the closing ones.
func (s *keyScanner) multiline(quote byte, long string) {
	for i := s.i + 3; i < len(s.text); i++ {
		switch {
		case strings.HasPrefix(s.text[i:], long):
			end := i + 3
			for n := 0; n < 2 && end < len(s.text) && s.text[end] == quote; n++ {
				end++
			}
			s.advance(end)
			return
		case s.text[i] == '\\' && quote == '"':
			i++
		}
	}
	s.advance(len(s.text))
}

func (s *keyScanner) array(path string, depth int) {
	s.i++
	for n := 0; s.limit == nil; n++ {
		for s.skipBlank(); s.accept(','); s.skipBlank() {
		}
		if s.i == len(s.text) || s.accept(']') {
			return
		}
		item, before := join2(path, strconv.Itoa(n)), s.i
		s.note(item, s.here())
		s.value(item, depth)
		if s.i == before {
			return // not a value; the library will complain
		}
	}
}

func (s *keyScanner) inlineTable(path string, depth int) {
	s.i++
	for s.limit == nil {
		for s.skipBlank(); s.accept(','); s.skipBlank() {
		}
		if s.i == len(s.text) || s.accept('}') {
			return
		}
		before := s.i
		s.pair(path, depth)
		if s.i == before {
			return
		}
	}
}

// join2 appends a part to a path; either may be empty.
func join2(path, part string) string {
	if path == "" || part == "" {
		return path + part
	}
	return path + "." + part
}
