package admin

import "testing"

func TestSoftware(t *testing.T) {
	if Software("") == "" {
		t.Error("a build without a stamp has no version at all")
	}
	if got := Software("1.2.3"); got != "1.2.3" {
		t.Errorf("a release says %q", got)
	}
}
