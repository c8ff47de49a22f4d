package trace

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// MaxLine bounds a line of a written trace, in bytes.
const MaxLine = 1 << 20

// AppendText appends e as one line of text, without the newline:
//
//	index time-in-ns process place kind key=value ...
//
// The last column may be text=, quoted as in Go.
func AppendText(b []byte, e *Event) []byte {
	b = strconv.AppendUint(b, e.Index, 10)
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(e.Time), 10)
	b = append(b, ' ')
	b = append(b, ProcessString(e.Process)...)
	b = append(b, ' ')
	b = strconv.AppendUint(b, e.Place, 10)
	b = append(b, ' ')
	b = append(b, e.Kind.String()...)
	for _, c := range columns(e.Kind) {
		b = append(b, ' ')
		b = append(b, c.key...)
		b = append(b, '=')
		if c.key == "text" {
			b = strconv.AppendQuoteToASCII(b, c.put(e))
			continue
		}
		b = append(b, c.put(e)...)
	}
	return b
}

// ParseText parses what AppendText wrote, and accepts nothing else: one
// encoding per event.
func ParseText(line string) (*Event, error) {
	e := &Event{}
	rest, err := parseHead(e, line)
	if err != nil {
		return nil, err
	}
	for _, c := range columns(e.Kind) {
		var part string
		if c.key == "text" {
			part, rest = rest, ""
		} else {
			part, rest, _ = strings.Cut(rest, " ")
		}
		value, ok := strings.CutPrefix(part, c.key+"=")
		if !ok {
			return nil, fmt.Errorf("trace: %s lacks %s", e.Kind, c.key)
		}
		if c.key == "text" {
			if value, err = strconv.Unquote(value); err != nil {
				return nil, fmt.Errorf("trace: %s: text: %w", e.Kind, errValue)
			}
		}
		if err := c.get(e, value); err != nil {
			return nil, fmt.Errorf("trace: %s: %s: %w", e.Kind, c.key, errValue)
		}
	}
	if string(AppendText(nil, e)) != line {
		return nil, fmt.Errorf("trace: %s: not in its only form", e.Kind)
	}
	return e, nil
}

func parseHead(e *Event, line string) (rest string, err error) {
	if len(line) > MaxLine {
		return "", fmt.Errorf("trace: line longer than %d bytes", MaxLine)
	}
	var head [5]string
	rest = line
	for i := range head {
		head[i], rest, _ = strings.Cut(rest, " ")
	}
	at, err := strconv.ParseInt(head[1], 10, 64)
	if err != nil {
		return "", fmt.Errorf("trace: time: %w", errValue)
	}
	e.Time = time.Duration(at)
	if e.Index, err = strconv.ParseUint(head[0], 10, 64); err != nil {
		return "", fmt.Errorf("trace: index: %w", errValue)
	}
	if e.Process, err = parseProcess(head[2]); err != nil {
		return "", fmt.Errorf("trace: process: %w", err)
	}
	if e.Place, err = strconv.ParseUint(head[3], 10, 64); err != nil {
		return "", fmt.Errorf("trace: place: %w", errValue)
	}
	if e.Kind = kindNamed(head[4]); e.Kind == 0 {
		return "", fmt.Errorf("trace: unknown event %q", head[4])
	}
	return rest, nil
}

func columns(k Kind) []column {
	if int(k) >= len(columnsOf) {
		return nil
	}
	return columnsOf[k]
}

func kindNamed(s string) Kind {
	for k := Start; k <= lastKind; k++ {
		if kindNames[k] == s {
			return k
		}
	}
	return 0
}

// header is the first line of a written trace.
const header = "mpspread trace 1"

// WriteText writes a whole trace: the version line, then an event a line.
func WriteText(w io.Writer, events []Event) error {
	return write(w, events, AppendText)
}

// ReadText reads what WriteText wrote. Indexes must grow by one.
func ReadText(r io.Reader) ([]Event, error) {
	return read(r, ParseText)
}

func write(w io.Writer, events []Event, encode func([]byte, *Event) []byte) error {
	b := bufio.NewWriter(w)
	b.WriteString(header + "\n")
	var line []byte
	for i := range events {
		line = append(encode(line[:0], &events[i]), '\n')
		b.Write(line)
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("trace: write: %w", err)
	}
	return nil
}

func read(r io.Reader, decode func(string) (*Event, error)) ([]Event, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), MaxLine)
	if !lines.Scan() || lines.Text() != header {
		return nil, fmt.Errorf("trace: the first line is not %q", header)
	}
	var events []Event
	for n := 2; lines.Scan(); n++ {
		e, err := decode(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if len(events) > 0 && e.Index != events[len(events)-1].Index+1 {
			return nil, fmt.Errorf("line %d: trace: index %d out of order", n, e.Index)
		}
		events = append(events, *e)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("trace: read: %w", err)
	}
	return events, nil
}
