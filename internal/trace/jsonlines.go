package trace

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// AppendJSON appends e as one JSON object on one line, without the newline.
// The keys are those of the text form, the values strings, in a fixed order,
// after i, t, p, n and k for index, time, process, place and kind.
func AppendJSON(b []byte, e *Event) []byte {
	b = append(b, `{"i":`...)
	b = strconv.AppendUint(b, e.Index, 10)
	b = append(b, `,"t":`...)
	b = strconv.AppendInt(b, int64(e.Time), 10)
	b = append(b, `,"p":"`...)
	b = append(b, ProcessString(e.Process)...)
	b = append(b, `","n":`...)
	b = strconv.AppendUint(b, e.Place, 10)
	b = append(b, `,"k":"`...)
	b = append(b, e.Kind.String()...)
	b = append(b, '"')
	for _, c := range columns(e.Kind) {
		b = append(b, `,"`...)
		b = append(b, c.key...)
		b = append(b, `":`...)
		quoted, err := json.Marshal(c.put(e))
		if err != nil {
			panic("trace: a string does not marshal: " + err.Error())
		}
		b = append(b, quoted...)
	}
	return append(b, '}')
}

// jsonHead is the part of a JSON line that every kind has.
type jsonHead struct {
	Index   uint64 `json:"i"`
	Time    int64  `json:"t"`
	Process string `json:"p"`
	Place   uint64 `json:"n"`
	Kind    string `json:"k"`
}

// ParseJSON parses what AppendJSON wrote, and accepts nothing else.
func ParseJSON(line string) (*Event, error) {
	if len(line) > MaxLine {
		return nil, fmt.Errorf("trace: line longer than %d bytes", MaxLine)
	}
	var head jsonHead
	var body map[string]json.RawMessage
	if err := json.NewDecoder(strings.NewReader(line)).Decode(&head); err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	if err := json.Unmarshal([]byte(line), &body); err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	p, err := parseProcess(head.Process)
	if err != nil {
		return nil, fmt.Errorf("trace: process: %w", err)
	}
	e := &Event{Index: head.Index, Time: time.Duration(head.Time), Process: p, Place: head.Place, Kind: kindNamed(head.Kind)}
	if e.Kind == 0 {
		return nil, fmt.Errorf("trace: unknown event %q", head.Kind)
	}
	for _, c := range columns(e.Kind) {
		var value string
		if err := json.Unmarshal(body[c.key], &value); err != nil {
			return nil, fmt.Errorf("trace: %s lacks %s", e.Kind, c.key)
		}
		if err := c.get(e, value); err != nil {
			return nil, fmt.Errorf("trace: %s: %s: %w", e.Kind, c.key, errValue)
		}
	}
	if string(AppendJSON(nil, e)) != line {
		return nil, fmt.Errorf("trace: %s: not in its only form", e.Kind)
	}
	return e, nil
}

// WriteJSON writes a whole trace: the version line, then an object a line.
func WriteJSON(w io.Writer, events []Event) error {
	return write(w, events, AppendJSON)
}

// ReadJSON reads what WriteJSON wrote. Indexes must grow by one.
func ReadJSON(r io.Reader) ([]Event, error) {
	return read(r, ParseJSON)
}
