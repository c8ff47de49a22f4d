//go:build linux

package labnet

import "testing"

func TestOwner(t *testing.T) {
	tests := []struct {
		name string
		pid  int
		ok   bool
	}{
		{"mpslab-123-1-h1", 123, true},
		{"mpslab-123-probe", 123, true},
		{"mpslab-123", 0, false},
		{"mpslab-x-1", 0, false},
		{"mpslab--1-1", 0, false},
		{"mpslab-0-1", 0, false},
		{"other-123-1", 0, false},
		{"", 0, false},
	}
	for _, tt := range tests {
		pid, ok := owner(tt.name)
		if ok != tt.ok || ok && pid != tt.pid {
			t.Errorf("owner(%q) = %d, %v, want %d, %v", tt.name, pid, ok, tt.pid, tt.ok)
		}
	}
}
