package demo

import (
	"strings"
	"testing"
	"time"

	"mpspread/internal/admin"
	"mpspread/internal/cluster"
)

// told is three daemons' statuses in which each reports the same states of A
// and B.
func told(a, b string, lost bool) []*admin.Status {
	var all []*admin.Status
	for _, name := range cluster.Daemons {
		all = append(all, &admin.Status{
			Daemon: name, State: admin.StateOperational, RedundancyLost: lost,
			Ring:     admin.Ring{ID: "7", Members: cluster.Daemons},
			Networks: []admin.Network{{Name: "A", State: a}, {Name: "B", State: b}},
		})
	}
	return all
}

func frames() []frame {
	whole, cut := told(admin.NetworkUp, admin.NetworkUp, false), told(admin.NetworkUp, admin.NetworkDegraded, true)
	cut[2] = nil
	before := told(admin.NetworkUp, admin.NetworkUp, false)
	before[0].MembershipChanges, whole[0].MembershipChanges, cut[0].MembershipChanges = 1, 1, 3
	return []frame{
		{at: 0, before: before, statuses: whole, delivered: []uint64{0, 0, 0}},
		{at: 100 * time.Millisecond, before: before, statuses: whole, sent: 300, delivered: []uint64{290, 295, 298}},
		{at: time.Second, before: before, statuses: whole, sent: 3000, delivered: []uint64{2990, 2995, 2998}},
		{at: 2 * time.Second, cut: []string{"B"}, noticed: true, before: before, statuses: cut, sent: 6000, delivered: []uint64{5990, 5995, 5998}},
	}
}

func TestScreenLines(t *testing.T) {
	var b strings.Builder
	s := screen{out: &b}
	for _, f := range frames() {
		s.show(f)
	}
	want := "" +
		"  0.0 s  both networks whole                           sent      0  h1 operational ring 3 delivered 0 (0/s) A up B up  h2 operational ring 3 delivered 0 (0/s) A up B up  h3 operational ring 3 delivered 0 (0/s) A up B up\n" +
		"  1.0 s  both networks whole                           sent   3000  h1 operational ring 3 delivered 2990 (2990/s) A up B up  h2 operational ring 3 delivered 2995 (2995/s) A up B up  h3 operational ring 3 delivered 2998 (2998/s) A up B up\n" +
		"  2.0 s  network B CUT, reported by all daemons        sent   6000  h1 operational ring 3 delivered 5990 (3000/s) A up B degraded  h2 operational ring 3 delivered 5995 (3000/s) A up B degraded  h3 no answer ring 0 delivered 5998 (3000/s) A - B -\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestScreenTerminal(t *testing.T) {
	var b strings.Builder
	s := screen{out: &b, terminal: true}
	all := frames()
	s.show(all[2])
	s.show(all[3])
	want := "" +
		"  1.0 s  both networks whole  sent 3000\n" +
		"  daemon  state        ring      delivered  rate/s  network A  network B  changes\n" +
		"  h1      operational  h1 h2 h3       2990       0  up         up               0\n" +
		"  h2      operational  h1 h2 h3       2995       0  up         up               0\n" +
		"  h3      operational  h1 h2 h3       2998       0  up         up               0\n" +
		"\x1b[5A\x1b[J" +
		"  2.0 s  network B CUT, reported by all daemons  sent 6000\n" +
		"  daemon  state        ring      delivered  rate/s  network A  network B  changes\n" +
		"  h1      operational  h1 h2 h3       5990    3000  up         degraded         2\n" +
		"  h2      operational  h1 h2 h3       5995    3000  up         degraded         0\n" +
		"  h3      no answer    -              5998    3000  -          -                -\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}
