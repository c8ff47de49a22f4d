//go:build !portable

package datalink

import "testing"

// The kernel's queue is filled before a send on loopback returns.
func awaitQueued(testing.TB, Set, int) {}

// A socket filter refuses own packets on the second socket only.
const runtimeDropsOwn = false
