//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Names of the contenders that the table compares.
const (
	ours           = "ours"
	oursSealed     = "ours-sealed"
	oursOneNetwork = "ours-one-network"
	oursBase       = "ours-base"
)

// peers are what ours is compared with, the first in the first place.
var peers = []string{"corosync-active-tuned", "corosync-active", "corosync-passive-tuned", "corosync-passive"}

// find builds or finds the contenders.
func (o *options) find(ctx context.Context, dir string) ([]contender, error) {
	programs := o.programs
	if programs == "" {
		programs = filepath.Join(dir, "bin")
		if _, err := output(ctx, "go", "build", "-trimpath", "-o", programs+"/", "mpspread/cmd/spreadd", "mpspread/cmd/spreadctl"); err != nil {
			return nil, err
		}
	}
	// Programs are run from other directories.
	programs, err := filepath.Abs(programs)
	if err != nil {
		return nil, err
	}
	tool := filepath.Join(programs, "spreadctl")
	all := []contender{
		&spread{called: ours, programs: programs, tool: tool, plaintext: true, networks: networks},
		&spread{called: oursSealed, programs: programs, tool: tool, networks: networks},
		&spread{called: oursOneNetwork, programs: programs, tool: tool, plaintext: true, networks: 1},
	}
	if o.base != "" {
		base, err := filepath.Abs(o.base)
		if err != nil {
			return nil, err
		}
		all = append(all, &spread{called: oursBase, programs: base, tool: tool, plaintext: true, networks: networks})
	}
	if err := haveCorosync(); err != nil {
		fmt.Fprintf(os.Stderr, "without Corosync: %v\n", err)
	} else {
		flooder, err := buildFlooder(ctx, dir)
		if err != nil {
			return nil, err
		}
		for _, tuned := range []bool{true, false} {
			all = append(all, &corosync{mode: "active", tuned: tuned, flooder: flooder}, &corosync{mode: "passive", tuned: tuned, flooder: flooder})
		}
	}
	if o.contenders == nil {
		return all, nil
	}
	return slices.DeleteFunc(all, func(c contender) bool { return !slices.Contains(o.contenders, c.name()) }), nil
}
