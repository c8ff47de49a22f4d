package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestParseCommand(t *testing.T) {
	for _, c := range []struct {
		name, body, code string
	}{
		{"status", `{"command":"status"}`, ""},
		{"blanks around it", " {\"command\":\"ping\"} \n", ""},
		{"empty", ``, CodeMalformed},
		{"zeros", "\x00\x00\x00\x00", CodeMalformed},
		{"ones", "\xff\xff\xff\xff", CodeMalformed},
		{"cut short", `{"command":"stat`, CodeMalformed},
		{"two glued", `{"command":"ping"}{"command":"ping"}`, CodeMalformed},
		{"one byte more", `{"command":"ping"}x`, CodeMalformed},
		{"unknown key", `{"command":"ping","force":true}`, CodeMalformed},
		{"wrong type", `{"command":7}`, CodeMalformed},
		{"an array", `["ping"]`, CodeMalformed},
		{"deep nesting", strings.Repeat(`[`, 4000), CodeMalformed},
		{"no command", `{}`, CodeUnknownCommand},
		{"null", `null`, CodeUnknownCommand},
		{"unknown", `{"command":"terminate"}`, CodeUnknownCommand},
		{"longest", `{"command":"ping"}` + strings.Repeat(" ", maxCommand-18), ""},
		{"too long", `{"command":"ping"}` + strings.Repeat(" ", maxCommand-17), CodeMalformed},
	} {
		_, fault := ParseCommand([]byte(c.body))
		if fault == nil && c.code != "" || fault != nil && fault.Code != c.code {
			t.Errorf("%s: got %+v, want code %q", c.name, fault, c.code)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"command":"status"}`))
	f.Add([]byte(`{"command":"x"}`))
	f.Add([]byte{0xff})
	f.Fuzz(func(t *testing.T, body []byte) {
		answer := Answer(body, "A", sample())
		if !json.Valid(answer) {
			t.Errorf("answer to %q is no JSON: %q", body, answer)
		}
		if _, fault := ParseCommand(body); fault == nil && bytes.Contains(answer, []byte(`"error"`)) {
			t.Errorf("good command %q refused: %s", body, answer)
		}
	})
}

func FuzzReply(f *testing.F) {
	f.Add(Answer([]byte(`{"command":"status"}`), "A", sample()))
	f.Add(Answer([]byte(`{"command":"x"}`), "A", sample()))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := Reply{Body: body, Network: "A"}
		if s, err := r.Status(); err == nil && s.Version != DocumentVersion {
			t.Errorf("accepted version %d", s.Version)
		}
		_, _ = r.Networks()
		_, _ = r.Ping()
	})
}

func TestHandler(t *testing.T) {
	stopping := errors.New("stopping")
	for _, c := range []struct {
		name, method, path string
		err                error
		code               int
		want               string
	}{
		{"status", "GET", "/v1/status", nil, http.StatusOK, `"counters"`},
		{"networks", "GET", "/v1/networks", nil, http.StatusOK, `"redundancy_lost"`},
		{"ping", "GET", "/v1/ping", nil, http.StatusOK, `"incarnation"`},
		{"stopping", "GET", "/v1/status", stopping, http.StatusServiceUnavailable, CodeUnavailable},
		{"unknown", "GET", "/v1/terminate", nil, http.StatusNotFound, CodeUnknownCommand},
		{"not a read", "POST", "/v1/status", nil, http.StatusNotFound, CodeUnknownCommand},
	} {
		h := Handler(func(context.Context) (Status, error) { return sample(), c.err })
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
		if w.Code != c.code || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
	}
}

func TestReply(t *testing.T) {
	t.Run("refusal", func(t *testing.T) {
		_, err := Reply{Body: Answer([]byte(`{}`), "A", sample())}.Status()
		var refused *RefusedError
		if !errors.As(err, &refused) || refused.Daemon != "h2" || refused.Fault.Code != CodeUnknownCommand {
			t.Errorf("got %v", err)
		}
	})
	for name, body := range map[string]string{
		"empty": "", "another version": `{"version":2}`, "no version": `{}`, "text": "hello", "wrong type": `{"version":1,"networks":3}`,
	} {
		if _, err := (Reply{Body: []byte(body)}).Networks(); !errors.Is(err, ErrBadReply) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	t.Run("way", func(t *testing.T) {
		s, err := Reply{Body: Answer([]byte(`{"command":"status"}`), "B", sample()), Network: "A"}.Status()
		if err != nil || *s.Via != (Via{Command: "B", Reply: "A"}) {
			t.Errorf("got %+v, %v", s.Via, err)
		}
	})
}
