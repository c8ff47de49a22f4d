package admin

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with testdata/name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (write it anew with -update)\ngot:\n%s\nwant:\n%s", path, got, want)
	}
}

// sample is h2's status while network B is dead between it and h3.
func sample() Status {
	ok := func(name string, first, late uint64) Peer {
		return Peer{Daemon: name, State: PathOK, Reverse: PathOK, LastHeardMS: 12, RTTUS: 184, First: first, Late: late}
	}
	return Status{
		Version: DocumentVersion, Daemon: "h2", Incarnation: "00112233445566778899aabbccddeeff",
		Software: "0.1.0", Cluster: "ha1", State: StateOperational,
		Ring:              Ring{ID: "1700000001@0000002a/0011223344556677", Members: []string{"h1", "h2", "h3"}},
		MembershipChanges: 2, Sessions: 4, Groups: 7, Token: Token{RotationUS: 421},
		Networks: []Network{
			{
				Name: "A", State: NetworkUp, Policy: "replicate", Interface: "eth0", PacketSize: 1472, Sent: 9100, Received: 18200,
				Offload: true, SentRuns: 310, ReceivedRuns: 620,
				Peers: []Peer{ok("h1", 9000, 100), ok("h3", 9100, 3)},
			},
			{
				Name: "B", State: NetworkDegraded, Policy: "replicate", Interface: "eth1", PacketSize: 1472, Sent: 9100, Received: 9150,
				SendErrors: 1, LastError: "network is unreachable",
				Peers: []Peer{
					ok("h1", 100, 9000),
					{Daemon: "h3", State: PathSilent, Reverse: PathLossy, LastHeardMS: 3100, RTTUS: 0, Loss: 1, First: 3, Late: 9000, Missing: 97},
				},
			},
		},
		Counters:       Counters{"ring_tokens_accepted": 4711, "multipath_accepted": 18000},
		RedundancyLost: true, Security: Sealed, UptimeS: 11520,
	}
}
