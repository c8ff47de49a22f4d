package sim_test

import (
	"testing"

	"mpspread/internal/sim/scenario"
)

// The scenario catalogue: a subtest for each id and variant.
func TestScenarios(t *testing.T) {
	for _, s := range scenario.Catalogue() {
		t.Run(s.ID, func(t *testing.T) {
			for _, c := range s.Cases {
				t.Run(c.Name, func(t *testing.T) {
					t.Parallel()
					for _, failure := range c.Run(0).Failures {
						t.Error(failure)
					}
				})
			}
		})
	}
}
