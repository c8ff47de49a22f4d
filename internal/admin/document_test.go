package admin

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
)

// Keys of the documents are a contract (design 8): a change of one shows here.
func TestDocumentsGolden(t *testing.T) {
	for name, body := range map[string][]byte{
		"status.json":   Answer([]byte(`{"command":"status"}`), "B", sample()),
		"networks.json": Answer([]byte(`{"command":"networks"}`), "B", sample()),
		"ping.json":     Answer([]byte(`{"command":"ping"}`), "B", sample()),
		"error.json":    Answer([]byte(`{"command":"explode"}`), "B", sample()),
	} {
		var b bytes.Buffer
		if err := json.Indent(&b, body, "", "  "); err != nil {
			t.Fatal(err)
		}
		golden(t, name, b.String()+"\n")
	}
}

func TestEmptyListsAreArrays(t *testing.T) {
	body := Answer([]byte(`{"command":"status"}`), "A", Status{Networks: []Network{{Name: "A"}}})
	if bytes.Contains(body, []byte("null")) {
		t.Errorf("null in %s", body)
	}
}

func TestAnswerKeepsTheSnapshot(t *testing.T) {
	s := sample()
	s.Networks[0].Peers = nil
	Answer([]byte(`{"command":"status"}`), "A", s)
	if s.Networks[0].Peers != nil || s.Via != nil {
		t.Error("the caller's snapshot was changed")
	}
}

func TestCountersAdd(t *testing.T) {
	type inner struct {
		TokensAccepted, DataBeyondWindow uint64
		TSeqLost, RTT                    uint64
		State                            string
		Count                            int
	}
	c := Counters{}
	c.Add("ring_", inner{TokensAccepted: 1, DataBeyondWindow: 2, TSeqLost: 3, RTT: 4, Count: 5})
	want := Counters{"ring_tokens_accepted": 1, "ring_data_beyond_window": 2, "ring_t_seq_lost": 3, "ring_rtt": 4}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got %v, want %v", c, want)
	}
}

func TestExitCode(t *testing.T) {
	for _, c := range []struct {
		name  string
		state string
		lost  bool
		want  int
	}{
		{"all well", StateOperational, false, ExitWell},
		{"redundancy lost", StateOperational, true, ExitRedundancy},
		{"gathering", StateGather, false, ExitFailure},
		{"gathering outweighs redundancy", StateGather, true, ExitFailure},
		{"recovering", StateRecovery, false, ExitFailure},
		{"no state", "", false, ExitFailure},
	} {
		if got := ExitCode(Status{State: c.state, RedundancyLost: c.lost}); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
		if got := ExitCodeNetworks(Networks{State: c.state, RedundancyLost: c.lost}); got != c.want {
			t.Errorf("%s, networks: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestWorstExit(t *testing.T) {
	for _, c := range []struct {
		have []int
		want int
	}{
		{nil, ExitWell},
		{[]int{ExitWell, ExitRedundancy, ExitWell}, ExitRedundancy},
		{[]int{ExitRedundancy, ExitFailure}, ExitFailure},
		{[]int{ExitUnreachable, ExitFailure, ExitRedundancy}, ExitUnreachable},
	} {
		if got := WorstExit(c.have...); got != c.want {
			t.Errorf("%v: %d, want %d", c.have, got, c.want)
		}
	}
}
