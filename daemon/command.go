package daemon

import (
	"encoding/json"

	"mpspread/internal/admin"
	"mpspread/internal/engine"
	"mpspread/multipath"
)

// questionBacklog bounds the monitor commands that wait for an answer. Others
// are refused with a word: multipath has their receipts and would tell every
// further copy that they are running.
const questionBacklog = 16

// question is a monitor command with the status to answer it from.
type question struct {
	id      [16]byte
	network string
	body    []byte
	status  *snapshot
}

// ask hands a command to the answerer. Making JSON takes longer than the loop
// may.
func (l *loop) ask(c *engine.Command) {
	l.counters.Commands++
	s := l.snapshot()
	l.status.put(s)
	q := question{id: c.ID, network: c.Network, body: append([]byte(nil), c.Body...), status: s}
	select {
	case l.asks <- q:
	default:
		l.counters.CommandsRefused++
		l.refused = append(l.refused, c.ID)
	}
}

// busyReply is the answer to a command that found no room.
func busyReply(daemon string) []byte {
	return refusal(daemon, admin.CodeBusy, "too many commands wait for an answer; try again")
}

// refusal is an Error document.
func refusal(daemon, code, message string) []byte {
	// Nothing in it can fail to encode.
	b, _ := json.Marshal(admin.Error{
		Version: admin.DocumentVersion, Daemon: daemon, Error: admin.Fault{Code: code, Message: message},
	})
	return b
}

// answerer is the goroutine that answers monitor commands, until the loop
// ends.
func (d *daemon) answerer() {
	for q := range d.loop.asks {
		d.slots.acquire()
		reply := reply(&q)
		d.slots.release()
		d.loop.mailbox.post(mail{answer: &answer{q.id, reply}})
	}
}

// reply is a document, or why there is none that fits.
func reply(q *question) []byte {
	b := admin.Answer(q.body, q.network, q.status.status)
	if len(b) <= multipath.MaxReply {
		return b
	}
	return refusal(q.status.status.Daemon, admin.CodeFailed,
		"the answer is too long for one network; ask \"networks\" or \"ping\", or on the daemon's host")
}
