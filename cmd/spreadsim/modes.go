package main

import (
	"fmt"
	"strings"

	"mpspread/internal/sim"
)

// mixed is the mode in which the seed says how its faults are drawn.
const mixed = "mixed"

func modeNames() []string {
	names := []string{mixed}
	for _, s := range sim.Styles() {
		names = append(names, string(s))
	}
	return append(names, exhaustive)
}

// plannersOf are what makes the plans of a mode, one for each layer.
func plannersOf(mode, layer string) ([]sim.Planner, error) {
	var layers []sim.Mode
	switch layer {
	case "ring", "engine":
		layers = []sim.Mode{sim.Mode(layer)}
	case "both":
		layers = []sim.Mode{sim.RingMode, sim.EngineMode}
	default:
		return nil, fmt.Errorf("-layer %q: ring, engine or both", layer)
	}
	var list []sim.Planner
	for _, l := range layers {
		p, err := plannerOf(mode, l)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

func plannerOf(mode string, layer sim.Mode) (sim.Planner, error) {
	if mode == mixed {
		return sim.Mixed(layer), nil
	}
	for _, s := range sim.Styles() {
		if mode == string(s) {
			return sim.Drawn(s, layer), nil
		}
	}
	if mode == "ring" || mode == "engine" || mode == "both" {
		return nil, fmt.Errorf("-mode %q: that is a layer, -layer %s", mode, mode)
	}
	return nil, fmt.Errorf("-mode %q: one of %s", mode, strings.Join(modeNames(), ", "))
}
