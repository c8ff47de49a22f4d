package ring

// reassembly puts fragmented messages together as their fragments come up in
// order. What it holds is a function of the ordered stream alone, so all
// members keep, and refuse, the same (INT-5).
type reassembly struct {
	begun map[fragmentKey]*partial
	bytes int // of all begun messages
}

type fragmentKey struct {
	origin  int
	message uint32
}

type partial struct {
	data  []byte
	total int
}

// add takes the next fragment in order. It returns the whole message when c
// completes it. abandoned tells that bytes of an unfinished message were
// given up: its earlier fragments are missing, or the budget is exceeded.
func (a *reassembly) add(origin int, c *chunk, budget int) (whole []byte, abandoned bool) {
	key := fragmentKey{origin, c.message}
	p := a.begun[key]
	if p == nil {
		if c.offset != 0 || a.bytes+int(c.total) > budget {
			return nil, true
		}
		if a.begun == nil {
			a.begun = make(map[fragmentKey]*partial)
		}
		p = &partial{total: int(c.total)}
		a.begun[key] = p
		a.bytes += p.total
	}
	if int(c.offset) != len(p.data) || int(c.total) != p.total {
		a.drop(key)
		return nil, true
	}
	p.data = append(p.data, c.data...)
	if len(p.data) < p.total {
		return nil, false
	}
	a.drop(key)
	return p.data, false
}

func (a *reassembly) drop(key fragmentKey) {
	a.bytes -= a.begun[key].total
	delete(a.begun, key)
}
