package groups

import (
	"encoding/binary"
	"hash/fnv"

	"mpspread/ring"
)

// stamp makes the ids of group memberships.
//
// Every id is made under the configuration in force, never under an older one:
// after a partition both sides would otherwise count on from the same id with
// different members (GRP-2). A group that changes takes the stamp of now and
// its index plus one; a group that is created, or touched by a network change,
// begins at 1 (spread-client-protocol 7.2).
type stamp struct {
	ring, epoch int32
	// era tells one stamp from another within this life.
	era uint64
	// vanished counts the groups that ended under this stamp. It is added to
	// ring for those created, so that a group that ends and begins anew in one
	// configuration does not repeat its ids; a memory of every name that ever
	// was would grow for ever.
	vanished int32
}

// restamp puts another stamp in force.
func (g *Groups) restamp(ring, epoch int32) {
	g.stamp = stamp{ring: ring, epoch: epoch, era: g.stamp.era + 1}
}

// regularStamp is that of a regular configuration: hash of the representative
// and its incarnation, and the epoch (protocol rule 1).
func regularStamp(id ring.RingID) (int32, int32) {
	return hash(appendProcess(nil, id.Representative)), int32(uint32(id.Epoch))
}

// transitionalStamp is that of a transitional configuration, which both sides
// of a partition have of their own.
func transitionalStamp(old, new ring.RingID) (int32, int32) {
	return hash(appendRingID(appendRingID(nil, old), new)), int32(uint32(new.Epoch))
}

// replayStamp is that of the messages of an interrupted configuration, from old
// to next, that are applied in a step of the exchange of configuration now.
func replayStamp(old, next, now ring.RingID, step uint32) (int32, int32) {
	b := appendRingID(appendRingID(appendRingID(nil, old), next), now)
	return hash(binary.BigEndian.AppendUint32(b, step)), int32(uint32(now.Epoch))
}

func hash(b []byte) int32 {
	h := fnv.New32a()
	h.Write(b)
	return int32(h.Sum32())
}

// renumber gives a group the id of its next membership.
func (g *Groups) renumber(gr *group) {
	switch {
	case gr.id == (GroupID{}):
		gr.id = GroupID{Ring: g.stamp.ring + g.stamp.vanished, Epoch: g.stamp.epoch, Index: 1}
	case gr.era == g.stamp.era:
		gr.id.Index++
	default:
		gr.id = GroupID{Ring: g.stamp.ring, Epoch: g.stamp.epoch, Index: gr.id.Index + 1}
	}
	gr.era = g.stamp.era
}

// renumberNetwork gives a group the first id after a network change.
func (g *Groups) renumberNetwork(gr *group) {
	gr.id = GroupID{Ring: g.stamp.ring, Epoch: g.stamp.epoch, Index: 1}
	gr.era = g.stamp.era
}
