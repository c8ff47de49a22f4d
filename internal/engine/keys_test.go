package engine

import (
	"errors"
	"testing"

	"mpspread/multipath"
)

// A step of a rotation goes to multipath, and what it says comes back.
func TestSetKeys(t *testing.T) {
	n := newNetwork(t, "alpha")
	key := multipath.Key{ID: 1, Active: true}
	if err := n.hosts[0].SetKeys(n.now, []multipath.Key{key}); !errors.Is(err, multipath.ErrPlaintext) {
		t.Errorf("keys in plaintext mode: %v", err)
	}

	cfg := Config{Multipath: multipath.Config{
		Cluster: "test", Self: 1, FailureDetection: testDetection, Entropy: entropy(1, 1), Keys: []multipath.Key{key},
		Networks: []multipath.Network{{Name: "A", PacketSize: 1472}}, Daemons: []multipath.Daemon{{ID: 1, Name: "alpha"}},
	}}
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	next := multipath.Key{ID: 2}
	if err := e.SetKeys(0, []multipath.Key{key, next}); err != nil {
		t.Error(err)
	}
	next.Active = true
	if err := e.SetKeys(0, []multipath.Key{next}); !errors.Is(err, multipath.ErrKeyActive) {
		t.Errorf("removing the active key: %v", err)
	}
	if s := e.Status(0).Multipath.Keys; s.Active != 1 || len(s.Installed) != 2 {
		t.Errorf("keys %+v", s)
	}
}
