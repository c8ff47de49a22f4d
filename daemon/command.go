package daemon

import (
	"encoding/json"

	"mpspread/internal/admin"
	"mpspread/internal/engine"
)

// questionBacklog bounds the monitor commands that wait for an answer. Others
// are dropped: their sender tries again.
const questionBacklog = 16

// maxAnswer bounds the answer to a monitor command, in bytes: what multipath
// carries in parts.
const maxAnswer = 30 << 10

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
	}
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
	if len(b) <= maxAnswer {
		return b
	}
	// Nothing in it can fail to encode.
	b, _ = json.Marshal(admin.Error{
		Version: admin.DocumentVersion, Daemon: q.status.status.Daemon,
		Error: admin.Fault{Code: admin.CodeFailed, Message: "the answer is too long for one network; ask \"networks\" or \"ping\", or on the daemon's host"},
	})
	return b
}
