package sim

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Plans that once failed, after shrinking, run on every commit (correctness
// reference 5.3). A plan's note says what it showed. A failing plan that
// spreadsim -shrink has written is copied into the directory when what it
// shows is repaired.
func TestRegressionPlans(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "plans", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no plans: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p, err := ReadPlan(b)
			if err != nil {
				t.Fatal(err)
			}
			if p.Note == "" {
				t.Error("the plan does not say what it showed")
			}
			run(t, p, Options{})
		})
	}
}
