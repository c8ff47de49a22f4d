package trace

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"mpspread/ring"
)

// errValue is the one sentinel for a field that does not parse; the readers
// wrap it with the line's number and the field's key.
var errValue = errors.New("malformed value")

// ProcessString is a process in both written forms: daemon and incarnation in
// hexadecimal, joined by a dot.
func ProcessString(p ring.Process) string {
	b := strconv.AppendUint(nil, uint64(p.Daemon), 16)
	return string(strconv.AppendUint(append(b, '.'), uint64(p.Incarnation), 16))
}

func parseProcess(s string) (ring.Process, error) {
	daemon, life, ok := strings.Cut(s, ".")
	if !ok {
		return ring.Process{}, errValue
	}
	d, err := strconv.ParseUint(daemon, 16, 32)
	if err != nil {
		return ring.Process{}, errValue
	}
	l, err := strconv.ParseUint(life, 16, 64)
	if err != nil {
		return ring.Process{}, errValue
	}
	return ring.Process{Daemon: ring.DaemonID(d), Incarnation: ring.Incarnation(l)}, nil
}

// RingString is a ring id in both written forms: epoch@representative.
func RingString(id ring.RingID) string {
	return strconv.FormatUint(id.Epoch, 10) + "@" + ProcessString(id.Representative)
}

func parseRing(s string) (ring.RingID, error) {
	epoch, rep, ok := strings.Cut(s, "@")
	if !ok {
		return ring.RingID{}, errValue
	}
	e, err := strconv.ParseUint(epoch, 10, 64)
	if err != nil {
		return ring.RingID{}, errValue
	}
	p, err := parseProcess(rep)
	return ring.RingID{Epoch: e, Representative: p}, err
}

// String is R:ring or T:old>new.
func (c ConfID) String() string {
	if c.Kind == ring.Regular {
		return "R:" + RingString(c.New)
	}
	return "T:" + RingString(c.Old) + ">" + RingString(c.New)
}

func parseConfID(s string) (ConfID, error) {
	if id, ok := strings.CutPrefix(s, "R:"); ok {
		r, err := parseRing(id)
		return ConfID{Kind: ring.Regular, New: r}, err
	}
	pair, ok := strings.CutPrefix(s, "T:")
	before, after, both := strings.Cut(pair, ">")
	if !ok || !both {
		return ConfID{}, errValue
	}
	o, err := parseRing(before)
	if err != nil {
		return ConfID{}, err
	}
	n, err := parseRing(after)
	return ConfID{Kind: ring.Transitional, Old: o, New: n}, err
}

// confString is kind, both rings, and the members with the rings they came
// from: T:3@1.1>4@1.1{1.1=3@1.1,2.1=3@1.1}.
func confString(c *ring.Configuration) string {
	if c == nil {
		return "none"
	}
	var b strings.Builder
	kind := "R:"
	if c.Kind == ring.Transitional {
		kind = "T:"
	}
	b.WriteString(kind + RingString(c.Old) + ">" + RingString(c.New) + "{")
	for i, p := range c.Members {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(ProcessString(p))
		if i < len(c.Came) {
			b.WriteString("=" + RingString(c.Came[i]))
		}
	}
	b.WriteByte('}')
	return b.String()
}

func parseConf(s string) (*ring.Configuration, error) {
	if s == "none" {
		return nil, nil
	}
	head, rest, ok := strings.Cut(s, "{")
	body, closed := strings.CutSuffix(rest, "}")
	if !ok || !closed || len(head) < 2 || head[1] != ':' || (head[0] != 'R' && head[0] != 'T') {
		return nil, errValue
	}
	id, err := parseConfID("T" + head[1:])
	if err != nil {
		return nil, err
	}
	c := &ring.Configuration{Kind: ring.Transitional, Old: id.Old, New: id.New}
	if head[0] == 'R' {
		c.Kind = ring.Regular
	}
	if body == "" {
		return c, nil
	}
	for _, part := range strings.Split(body, ",") {
		name, from, has := strings.Cut(part, "=")
		p, err := parseProcess(name)
		if err != nil {
			return nil, err
		}
		c.Members = append(c.Members, p)
		if !has {
			continue
		}
		r, err := parseRing(from)
		if err != nil {
			return nil, err
		}
		c.Came = append(c.Came, r)
	}
	return c, nil
}

func processesString(ps []ring.Process) string {
	parts := make([]string, len(ps))
	for i, p := range ps {
		parts[i] = ProcessString(p)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func parseProcesses(s string) ([]ring.Process, error) {
	body, err := braces(s)
	if err != nil || body == "" {
		return nil, err
	}
	var ps []ring.Process
	for _, part := range strings.Split(body, ",") {
		p, err := parseProcess(part)
		if err != nil {
			return nil, err
		}
		ps = append(ps, p)
	}
	return ps, nil
}

// namesString writes names, which are never empty, escaped so that they hold
// no comma, brace or space.
func namesString(names []string) string {
	parts := make([]string, len(names))
	for i, n := range names {
		parts[i] = url.QueryEscape(n)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func parseNames(s string) ([]string, error) {
	body, err := braces(s)
	if err != nil || body == "" {
		return nil, err
	}
	var names []string
	for _, part := range strings.Split(body, ",") {
		n, err := url.QueryUnescape(part)
		if err != nil || n == "" {
			return nil, errValue
		}
		names = append(names, n)
	}
	return names, nil
}

func setsString(sets [][]string) string {
	var b strings.Builder
	for _, s := range sets {
		b.WriteString(namesString(s))
	}
	if b.Len() == 0 {
		return "none"
	}
	return b.String()
}

func parseSets(s string) ([][]string, error) {
	if s == "none" {
		return nil, nil
	}
	var sets [][]string
	for s != "" {
		end := strings.IndexByte(s, '}')
		if end < 0 {
			return nil, errValue
		}
		set, err := parseNames(s[:end+1])
		if err != nil {
			return nil, err
		}
		sets = append(sets, set)
		s = s[end+1:]
	}
	return sets, nil
}

func braces(s string) (string, error) {
	if len(s) < 2 || s[0] != '{' || s[len(s)-1] != '}' {
		return "", errValue
	}
	return s[1 : len(s)-1], nil
}

var serviceNames = [...]string{"unreliable", "reliable", "fifo", "causal", "agreed", "safe"}

// ServiceString is a service's name in both written forms.
func ServiceString(s ring.Service) string { return nameIn(serviceNames[:], int(s)) }

var verdictNames = [...]string{"none", "accept", "duplicate", "resend", "stale", "foreign", "malformed"}

// VerdictString is a verdict's name in both written forms.
func VerdictString(v ring.Verdict) string { return nameIn(verdictNames[:], int(v)) }

var stateNames = [...]string{"gather", "commit", "recovery", "operational"}

var fateNames = [...]string{"none", "fresh", "greeted", "copy", "forged", "beyond", "refused"}

func nameIn(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("?%d", i)
}

func indexIn(names []string, s string) (uint8, error) {
	for i, n := range names {
		if n == s {
			return uint8(i), nil
		}
	}
	return 0, errValue
}
