package admin

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// stateColour is the colour of any state's name.
func stateColour(state string) Colour {
	switch state {
	case StateOperational, NetworkUp, PathOK:
		return Good
	case StateGather, StateCommit, StateRecovery, NetworkDegraded, NetworkSuspended, PathLossy, PathSmallPacketsOnly:
		return Doubtful
	}
	return Bad
}

// StateCell is a cell that shows a state in its colour.
func StateCell(state string) Cell { return Cell{Text: state, Colour: stateColour(state)} }

// Number is a cell that shows a count.
func Number[N ~int | ~int64 | ~uint64](n N) Cell { return Cell{Text: fmt.Sprint(n), Right: true} }

// WriteStatus writes a status for a person.
func WriteStatus(w io.Writer, s Status, st Style) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s  ring of %d: %s\n", st.Paint(Strong, s.Daemon),
		st.Paint(stateColour(s.State), s.State), len(s.Ring.Members), strings.Join(s.Ring.Members, " "))
	security := st.Paint(Doubtful, "PLAINTEXT, packets are not protected")
	if s.Security == Sealed {
		security = Sealed
	}
	fmt.Fprintf(&b, "cluster %s  %s  up %s  version %s\n", s.Cluster, security, Period(time.Duration(s.UptimeS)*time.Second), s.Software)
	fmt.Fprintf(&b, "membership changes %d  sessions %d  groups %d  token rotation %s\n",
		s.MembershipChanges, s.Sessions, s.Groups, micros(s.Token.RotationUS))
	writeWay(&b, s.Via)
	b.WriteByte('\n')

	t := NewTable("network", "state", "policy", "interface", "packet", "paths")
	for _, n := range s.Networks {
		t.Row(Cell{Text: n.Name}, StateCell(n.State), Cell{Text: n.Policy}, Cell{Text: orDash(n.Interface)},
			Number(n.PacketSize), Cell{Text: paths(n)})
	}
	t.write(&b, st, "")
	writeTroubles(&b, s.Networks, s.RedundancyLost, st)
	for _, name := range s.Refused {
		fmt.Fprintf(&b, "%s %s has another configuration and is refused\n", st.Paint(Bad, "refused:"), name)
	}
	for _, name := range s.PartialReach {
		fmt.Fprintf(&b, "%s %s is heard by some members only\n", st.Paint(Doubtful, "partial reach:"), name)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteStatuses writes one row for each of several daemons; for one that gave
// no status, its name and why.
func WriteStatuses(w io.Writer, results []Result, st Style) error {
	t := NewTable("daemon", "state", "members", "changes", "sessions", "groups", "rotation", "networks", "way")
	for _, r := range results {
		s := r.Status
		if r.Err != nil {
			none := Cell{Text: "-", Right: true}
			t.Row(Cell{Text: r.Daemon}, StateCell("unreachable"), none, none, none, none, none, Cell{Text: "-"}, Cell{Text: "-"})
			continue
		}
		t.Row(Cell{Text: s.Daemon}, StateCell(s.State), Number(len(s.Ring.Members)), Number(s.MembershipChanges),
			Number(s.Sessions), Number(s.Groups), Cell{Text: micros(s.Token.RotationUS), Right: true},
			Cell{Text: networkStates(s.Networks)}, Cell{Text: way(s.Via)})
	}
	var b strings.Builder
	t.write(&b, st, "")
	for _, r := range results {
		if r.Err == nil {
			for _, line := range troubles(r.Status.Networks) {
				fmt.Fprintf(&b, "%s: %s\n", r.Daemon, st.Paint(Bad, line))
			}
			continue
		}
		fmt.Fprintf(&b, "%s: %v\n", r.Daemon, r.Err)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Result is one daemon's status, or why there is none.
type Result struct {
	Daemon string
	Status Status
	Err    error
}

// WriteNetworks writes networks and the paths on them for a person.
func WriteNetworks(w io.Writer, n Networks, st Style) error {
	var b strings.Builder
	fmt.Fprintf(&b, "networks of %s (%s)\n", st.Paint(Strong, n.Daemon), st.Paint(stateColour(n.State), n.State))
	writeWay(&b, n.Via)
	b.WriteByte('\n')
	t := NewTable("network", "state", "interface", "packet", "sent", "received", "refused", "dropped")
	for _, net := range n.Networks {
		t.Row(Cell{Text: net.Name}, StateCell(net.State), Cell{Text: orDash(net.Interface)}, Number(net.PacketSize),
			Number(net.Sent), Number(net.Received), Number(net.SendErrors), Number(net.Drops))
	}
	t.write(&b, st, "")
	writePeers(&b, n.Networks, st)
	writeTroubles(&b, n.Networks, n.RedundancyLost, st)
	_, err := io.WriteString(w, b.String())
	return err
}

// writePeers writes a row for every path, if there is any.
func writePeers(b *strings.Builder, networks []Network, st Style) {
	peers := 0
	t := NewTable("network", "peer", "to us", "from us", "heard", "rtt", "loss", "first", "late", "rescued", "missing")
	for _, net := range networks {
		for _, p := range net.Peers {
			peers++
			t.Row(Cell{Text: net.Name}, Cell{Text: p.Daemon}, StateCell(p.State), StateCell(p.Reverse),
				Cell{Text: heard(p.LastHeardMS), Right: true}, Cell{Text: micros(p.RTTUS), Right: true},
				Cell{Text: fmt.Sprintf("%.1f %%", p.Loss*100), Right: true},
				Number(p.First), Number(p.Late), Number(p.Rescued), Number(p.Missing))
		}
	}
	if peers == 0 {
		return
	}
	b.WriteByte('\n')
	t.write(b, st, "")
}

// WritePing writes one answer for a person.
func WritePing(w io.Writer, p Ping, st Style) error {
	_, err := fmt.Fprintf(w, "%s answers in %s by %s: %s, up %s\n", st.Paint(Strong, p.Daemon), micros(p.RTTUS),
		way(p.Via), st.Paint(stateColour(p.State), p.State), Period(time.Duration(p.UptimeS)*time.Second))
	return err
}

// writeTroubles says which networks and paths are the trouble, if any is.
func writeTroubles(b *strings.Builder, networks []Network, redundancyLost bool, st Style) {
	lines := troubles(networks)
	if redundancyLost {
		fmt.Fprintf(b, "\n%s\n", st.Paint(Bad, "redundancy lost: some daemons reach each other over fewer networks than they share"))
	} else if len(lines) > 0 {
		b.WriteByte('\n')
	}
	for _, line := range lines {
		fmt.Fprintf(b, "  %s\n", line)
	}
}

// troubles is a line for each network that is not up and for each path that
// is not ok.
func troubles(networks []Network) []string {
	var lines []string
	for _, n := range networks {
		switch {
		case n.State == NetworkDown && n.Reason != "":
			lines = append(lines, fmt.Sprintf("network %s is down: %s", n.Name, n.Reason))
		case n.State == NetworkDown, n.State == NetworkSuspended:
			lines = append(lines, fmt.Sprintf("network %s is %s", n.Name, n.State))
		}
		for _, p := range n.Peers {
			if p.State != PathOK || p.Reverse != PathOK {
				lines = append(lines, fmt.Sprintf("network %s: from %s %s (heard %s), to %s %s",
					n.Name, p.Daemon, p.State, heard(p.LastHeardMS), p.Daemon, p.Reverse))
			}
		}
	}
	return lines
}

// paths sums a network's paths up: how many are well in both directions.
func paths(n Network) string {
	well := 0
	for _, p := range n.Peers {
		if p.State == PathOK && p.Reverse == PathOK {
			well++
		}
	}
	return fmt.Sprintf("%d of %d ok", well, len(n.Peers))
}

func networkStates(networks []Network) string {
	var b strings.Builder
	for i, n := range networks {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(n.Name + "=" + n.State)
	}
	return b.String()
}

func writeWay(b *strings.Builder, v *Via) {
	if v != nil && v.Socket == "" {
		fmt.Fprintf(b, "command came by network %s, answer by network %s\n", v.Command, v.Reply)
	}
}

// way is by which way an answer came, in few words.
func way(v *Via) string {
	switch {
	case v == nil:
		return "-"
	case v.Socket != "":
		return v.Socket
	case v.Command == v.Reply:
		return "network " + v.Reply
	}
	return "network " + v.Command + ", back " + v.Reply
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// micros shows microseconds in the unit that suits them; 0 is unknown.
func micros(us int64) string {
	switch {
	case us <= 0:
		return "-"
	case us < 1000:
		return fmt.Sprintf("%d us", us)
	case us < 1_000_000:
		return fmt.Sprintf("%.2f ms", float64(us)/1000)
	}
	return fmt.Sprintf("%.2f s", float64(us)/1e6)
}

func heard(ms int64) string {
	switch {
	case ms < 0:
		return "never"
	case ms < 1000:
		return fmt.Sprintf("%d ms ago", ms)
	}
	return fmt.Sprintf("%s ago", Period(time.Duration(ms)*time.Millisecond))
}

// Period shows a time span by its two largest units, without those that are 0.
func Period(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d d %d h", int(d.Hours())/24, int(d.Hours())%24)
}
