package ring

import "testing"

// A join that comes late, after a newer beacon of its sender, says nothing of
// where the sender stands now: two rings that hear each other would never merge
// (found by the simulator, seeds 280, 336 and 1706).
func TestLateJoinDoesNotOutliveANewerBeacon(t *testing.T) {
	for _, test := range []struct {
		name   string
		gather uint64 // of the join; the beacon is of 5
		left   bool   // the sender has left its ring to look for others
	}{
		{"older", 3, false},
		{"of the same Gather", 5, false},
		{"newer", 6, true},
	} {
		r, _ := turningRing(3, 0)
		peer := &r.peers[1]
		peer.process, peer.known, peer.mutual = Process{2, 1}, true, true
		peer.beacon = beacon{willing: true, gather: 5}
		peer.beacon.members.add(1)
		peer.beacon.members.add(2)
		j := join{gather: test.gather, epoch: 1}
		j.hears.add(1)
		j.proposal.add(1)
		r.receiveJoin(1, peer.process, j.append(nil))
		if members, _ := r.standing(1); (members.count() == 1) != test.left {
			t.Errorf("%s: the sender stands in a ring of %d", test.name, members.count())
		}
	}
}
