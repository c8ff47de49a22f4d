package cluster

import (
	"testing"

	"mpspread/internal/admin"
)

// told is three daemons' statuses in which each reports the same states of A
// and B.
func told(a, b string, lost bool) []*admin.Status {
	var all []*admin.Status
	for _, name := range Daemons {
		all = append(all, &admin.Status{
			Daemon: name, State: admin.StateOperational, RedundancyLost: lost,
			Ring:     admin.Ring{ID: "7", Members: Daemons},
			Networks: []admin.Network{{Name: "A", State: a}, {Name: "B", State: b}},
		})
	}
	return all
}

func TestNoticed(t *testing.T) {
	const up, degraded, down = admin.NetworkUp, admin.NetworkDegraded, admin.NetworkDown
	silent := told(up, degraded, true)
	silent[1] = nil
	partly := told(up, degraded, true)
	partly[2].Networks[1].State = up
	for _, c := range []struct {
		name string
		have []*admin.Status
		cut  []string
		want bool
	}{
		{"whole", told(up, up, false), nil, true},
		{"whole, but redundancy lost", told(up, up, true), nil, false},
		{"not yet healed", told(up, degraded, true), nil, false},
		{"cut", told(up, degraded, true), []string{"B"}, true},
		{"cut, seen as down", told(up, down, true), []string{"B"}, true},
		{"cut, not seen", told(up, up, false), []string{"B"}, false},
		{"cut, operator not told", told(up, degraded, false), []string{"B"}, false},
		{"the other", told(degraded, up, true), []string{"B"}, false},
		{"both", told(down, down, true), []string{"A", "B"}, true},
		{"one does not answer", silent, []string{"B"}, false},
		{"one has not seen it", partly, []string{"B"}, false},
	} {
		if got := Noticed(c.have, c.cut); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestOneRing(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func([]*admin.Status)
		want   bool
	}{
		{"one", func([]*admin.Status) {}, true},
		{"gathering", func(s []*admin.Status) { s[0].State = admin.StateGather }, false},
		{"two rings", func(s []*admin.Status) { s[2].Ring.ID = "8" }, false},
		{"a member fewer", func(s []*admin.Status) { s[1].Ring.Members = Daemons[:2] }, false},
		{"no answer", func(s []*admin.Status) { s[0] = nil }, false},
	} {
		all := told(admin.NetworkUp, admin.NetworkUp, false)
		c.change(all)
		if got := OneRing(all); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestChanges(t *testing.T) {
	before, after := told("", "", false), told("", "", false)
	if got := Changes(before, after); got != 0 {
		t.Errorf("none: %d", got)
	}
	before[0].MembershipChanges, after[0].MembershipChanges = 5, 6
	after[1].MembershipChanges = 2
	after[2] = nil
	if got := Changes(before, after); got != 2 {
		t.Errorf("1, 2 and no answer: %d", got)
	}
}
