package check

import (
	"slices"

	"mpspread/internal/trace"
)

// messageGroup is a client's message on its way through one group.
type messageGroup struct {
	client, number uint64
	group          string
}

// placing is a view in which a message was delivered, and the clients that
// delivered it there.
type placing struct {
	view  *trace.View
	names []string
}

// sameView judges GRP-5: all receivers of a message through a group deliver it
// in the same view, but for those that a change of the network has parted. Two
// that each have the other in their view are not parted.
func (c *Checker) sameView(e *trace.Event, st *standing) {
	key := messageGroup{e.Message.Client, e.Message.ClientCounter, st.view.Group}
	list := c.groups.placed.get(key)
	for i := range list {
		other := list[i].view
		if other.ID == st.view.ID {
			continue
		}
		parted := !slices.Contains(other.Members, st.name) || !slices.ContainsFunc(list[i].names, func(name string) bool { return slices.Contains(st.view.Members, name) })
		if !c.holds(GRP5, parted) {
			c.fail(GRP5, of(e.Process), "client %d received message %d of client %d in view %d of %v, %v in %d", e.Client, e.Message.ClientCounter, e.Message.Client, st.view.ID, st.view.Group, list[i].names, other.ID)
		}
	}
	c.count[GRP5]++
	at := slices.IndexFunc(list, func(p placing) bool { return p.view.ID == st.view.ID })
	if at < 0 {
		list = append(list, placing{view: st.view})
		at = len(list) - 1
	}
	list[at].names = append(list[at].names, st.name)
	c.groups.placed.put(key, list)
}
