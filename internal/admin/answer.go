package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// maxCommand bounds the body of a command, in bytes.
const maxCommand = 4096

// ParseCommand reads the body of a command. It refuses unknown keys, trailing
// bytes, and commands that do not exist, with a Fault to answer with.
func ParseCommand(body []byte) (Command, *Fault) {
	if len(body) > maxCommand {
		return Command{}, &Fault{CodeMalformed, "command is too long"}
	}
	var c Command
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return Command{}, &Fault{CodeMalformed, "command is not the JSON object {\"command\": …}"}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Command{}, &Fault{CodeMalformed, "bytes follow the command"}
	}
	switch c.Command {
	case CommandStatus, CommandNetworks, CommandPing:
		return c, nil
	}
	return Command{}, &Fault{CodeUnknownCommand, "this daemon knows status, networks and ping"}
}

// Answer is the reply to the body of a command that came as sealed datagrams
// by the named network: a document, or an Error document. It never fails,
// since the body is from outside.
func Answer(body []byte, network string, s Status) []byte {
	c, fault := ParseCommand(body)
	if fault != nil {
		return encode(Error{Version: DocumentVersion, Daemon: s.Daemon, Error: *fault})
	}
	s.Via = &Via{Command: network}
	return encode(document(c.Command, s))
}

// document is the answer to a command that ParseCommand accepted.
func document(command string, s Status) any {
	s.Version = DocumentVersion
	normalise(&s)
	switch command {
	case CommandNetworks:
		return NetworksOf(s)
	case CommandPing:
		return PingOf(s)
	}
	return s
}

// normalise makes every list an array in JSON, also an empty one, so that
// readers need not look for null.
func normalise(s *Status) {
	if s.Ring.Members == nil {
		s.Ring.Members = []string{}
	}
	if s.Counters == nil {
		s.Counters = Counters{}
	}
	s.Networks = append([]Network{}, s.Networks...)
	for i := range s.Networks {
		if s.Networks[i].Peers == nil {
			s.Networks[i].Peers = []Peer{}
		}
	}
}

// Handler serves the admin socket: GET /v1/status, /v1/networks and /v1/ping.
// snapshot is called from many goroutines at once; its error (the daemon is
// stopping) is answered as 503 with an Error document.
func Handler(snapshot func(context.Context) (Status, error)) http.Handler {
	mux := http.NewServeMux()
	for _, command := range []string{CommandStatus, CommandNetworks, CommandPing} {
		mux.HandleFunc("GET /v1/"+command, func(w http.ResponseWriter, r *http.Request) {
			s, err := snapshot(r.Context())
			if err != nil {
				respond(w, http.StatusServiceUnavailable,
					Error{Version: DocumentVersion, Error: Fault{CodeUnavailable, err.Error()}})
				return
			}
			respond(w, http.StatusOK, document(command, s))
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		respond(w, http.StatusNotFound,
			Error{Version: DocumentVersion, Error: Fault{CodeUnknownCommand, "no such command: " + r.Method + " " + r.URL.Path}})
	})
	return mux
}

func respond(w http.ResponseWriter, code int, document any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	// A tool that went away is no business of the daemon's.
	_, _ = w.Write(append(encode(document), '\n'))
}
