//go:build linux

package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Waiting asks the admin sockets themselves, as any monitoring does: a program
// started for each question would take more of a small machine than the daemons
// that are asked. What spreadctl makes of the answers, its exit codes above
// all, is asked of spreadctl (Ctl).

// askLimit ends a question that nobody answers.
const askLimit = 2 * time.Second

// ask asks a daemon for a document and reads it into doc.
func (l *Lab) ask(daemon, document string, doc any) error {
	ctx, cancel := context.WithTimeout(context.Background(), askLimit)
	defer cancel()
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", l.path(daemon+".admin"))
		},
		DisableKeepAlives: true,
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://spreadd/v1/"+document, nil)
	if err != nil {
		return err
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return fmt.Errorf("asking %s: %w", daemon, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("asking %s: %s, %w", daemon, response.Status, err)
	}
	return json.Unmarshal(body, doc)
}

// Status asks a daemon for its status.
func (l *Lab) Status(daemon string) (s Status, err error) {
	return s, l.ask(daemon, "status", &s)
}

// NetworksOf asks a daemon for its networks.
func (l *Lab) NetworksOf(daemon string) ([]NetworkStatus, error) {
	var doc struct {
		Networks []NetworkStatus `json:"networks"`
	}
	err := l.ask(daemon, "networks", &doc)
	return doc.Networks, err
}
