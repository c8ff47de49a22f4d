package groups

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"

	"mpspread/ring"
)

// An encoded table. Numbers without a size are minimal uvarints. There is one
// encoding for every table, so that digests tell them apart:
//
//	processes { daemon 4 | incarnation 8 | sessions { length 1, name } ... } ...
//	groups { length 1, name | id 3 x 4 | flags 1 | members { step } ... } ...
//
// Processes are in configuration-file order, sessions of a process and groups
// in the order of their names. A member is an index into all sessions, given as
// the step from the one before (the first: from -1), so that order and
// uniqueness are in the encoding itself. Every session is in some group.
const (
	flagLost     = 1
	flagSignaled = 2 // only with flagLost

	smallestSession = 2              // length, one byte
	smallestProcess = 12 + 1         // and at least one session
	smallestGroup   = 2 + 12 + 1 + 2 // name, id, flags, one member
)

// tableImage is a table as it travels.
type tableImage struct {
	sessions []memberKey
	groups   []groupImage // by name
}

type groupImage struct {
	name           string
	id             GroupID
	lost, signaled bool
	members        []uint32 // indexes of sessions, ascending
}

// within tells whether all sessions are of these processes.
func (t *tableImage) within(processes []ring.Process) bool {
	for i := range t.sessions {
		if !slices.Contains(processes, t.sessions[i].process) {
			return false
		}
	}
	return true
}

// image is the own table as it travels.
func (g *Groups) image() *tableImage {
	list := make([]*member, 0, len(g.table.members))
	for _, m := range g.table.members {
		list = append(list, m)
	}
	slices.SortFunc(list, compareMembers)
	t := &tableImage{sessions: make([]memberKey, len(list))}
	index := make(map[*member]uint32, len(list))
	for i, m := range list {
		t.sessions[i] = m.memberKey
		index[m] = uint32(i)
	}
	for _, gr := range g.table.sorted() {
		image := groupImage{name: gr.name, id: gr.id, lost: gr.lost, signaled: gr.signaled}
		for _, m := range gr.members {
			image.members = append(image.members, index[m])
		}
		t.groups = append(t.groups, image)
	}
	return t
}

func (g *Groups) encodeTable() []byte { return g.image().encode() }

func (t *tableImage) encode() []byte {
	b := binary.AppendUvarint(nil, uint64(t.processes()))
	for i := 0; i < len(t.sessions); {
		end := i
		for end < len(t.sessions) && t.sessions[end].process == t.sessions[i].process {
			end++
		}
		b = appendProcess(b, t.sessions[i].process)
		b = binary.AppendUvarint(b, uint64(end-i))
		for ; i < end; i++ {
			b = appendName(b, t.sessions[i].name)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(t.groups)))
	for i := range t.groups {
		b = t.groups[i].append(b)
	}
	return b
}

func (t *tableImage) processes() int {
	n := 0
	for i := range t.sessions {
		if i == 0 || t.sessions[i].process != t.sessions[i-1].process {
			n++
		}
	}
	return n
}

func (gr *groupImage) append(b []byte) []byte {
	b = appendName(b, gr.name)
	b = binary.BigEndian.AppendUint32(b, uint32(gr.id.Ring))
	b = binary.BigEndian.AppendUint32(b, uint32(gr.id.Epoch))
	b = binary.BigEndian.AppendUint32(b, uint32(gr.id.Index))
	var flags byte
	if gr.lost {
		flags |= flagLost
	}
	if gr.signaled {
		flags |= flagSignaled
	}
	b = binary.AppendUvarint(append(b, flags), uint64(len(gr.members)))
	before := int64(-1)
	for _, m := range gr.members {
		b = binary.AppendUvarint(b, uint64(int64(m)-before))
		before = int64(m)
	}
	return b
}

// tableParser reads an encoded table. bad stays set once something is wrong.
type tableParser struct {
	b     []byte
	bad   bool
	image tableImage
	// used marks the sessions that are in a group.
	used []bool
}

// parseTable reads an encoded table; order holds the configured daemons. What
// it returns does not point into b. Nothing is allocated for a count before
// the bytes that it promises are known to be there.
func parseTable(b []byte, order map[ring.DaemonID]int) (*tableImage, error) {
	p := &tableParser{b: b}
	last := -1
	for range p.count(smallestProcess + smallestSession) {
		position, known := order[p.process()]
		if p.bad || !known || position <= last {
			return nil, errMalformed
		}
		last = position
	}
	p.used = make([]bool, len(p.image.sessions))
	for range p.count(smallestGroup) {
		p.group()
		if p.bad {
			return nil, errMalformed
		}
	}
	if p.bad || len(p.b) != 0 || slices.Contains(p.used, false) {
		return nil, errMalformed
	}
	return &p.image, nil
}

// process reads a process and its sessions, and returns its daemon.
func (p *tableParser) process() ring.DaemonID {
	if len(p.b) < smallestProcess {
		p.bad = true
		return 0
	}
	var process ring.Process
	process, p.b = takeProcess(p.b)
	n := p.count(smallestSession)
	p.bad = p.bad || n == 0
	last := ""
	for range n {
		name := p.name()
		if p.bad || !legalPrivateName(name) || name <= last {
			p.bad = true
			break
		}
		p.image.sessions = append(p.image.sessions, memberKey{process: process, name: name})
		last = name
	}
	return process.Daemon
}

// group reads a group.
func (p *tableParser) group() {
	gr := groupImage{name: p.name()}
	after := len(p.image.groups) == 0 || strings.Compare(gr.name, p.image.groups[len(p.image.groups)-1].name) > 0
	if p.bad || !legalGroupName(gr.name) || !after || len(p.b) < 12+1 {
		p.bad = true
		return
	}
	gr.id.Ring = int32(binary.BigEndian.Uint32(p.b))
	gr.id.Epoch = int32(binary.BigEndian.Uint32(p.b[4:]))
	gr.id.Index = int32(binary.BigEndian.Uint32(p.b[8:]))
	flags := p.b[12]
	p.b = p.b[13:]
	gr.lost, gr.signaled = flags&flagLost != 0, flags&flagSignaled != 0
	if flags > flagLost|flagSignaled || flags == flagSignaled || gr.id.Index < 1 {
		p.bad = true
		return
	}
	n := p.count(1)
	p.bad = p.bad || n == 0
	p.members(&gr, n)
	p.image.groups = append(p.image.groups, gr)
}

// members reads the n members of a group, of which each daemon has at most
// MaxLocalMembers.
func (p *tableParser) members(gr *groupImage, n int) {
	gr.members = make([]uint32, 0, n)
	at, local := int64(-1), 0
	for range n {
		step := p.uvarint()
		if p.bad || step == 0 || step > uint64(int64(len(p.image.sessions)-1)-at) {
			p.bad = true
			return
		}
		before := at
		at += int64(step)
		if before >= 0 && p.image.sessions[before].process == p.image.sessions[at].process {
			local++
		} else {
			local = 1
		}
		if local > MaxLocalMembers {
			p.bad = true
			return
		}
		p.used[at] = true
		gr.members = append(gr.members, uint32(at))
	}
}

// count reads a count of things of at least this size each.
func (p *tableParser) count(size int) int {
	n := p.uvarint()
	if p.bad || n > uint64(len(p.b)/size) {
		p.bad = true
		return 0
	}
	return int(n)
}

// uvarint reads a number in its shortest form.
func (p *tableParser) uvarint() uint64 {
	v, n := binary.Uvarint(p.b)
	if n <= 0 || n != max(1, (bits.Len64(v)+6)/7) {
		p.bad = true
		return 0
	}
	p.b = p.b[n:]
	return v
}

func (p *tableParser) name() string {
	name, rest, err := takeName(p.b)
	if p.bad || err != nil {
		p.bad = true
		return ""
	}
	p.b = rest
	return string(name)
}
