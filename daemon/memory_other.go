//go:build !linux

package daemon

func hostMemory() uint64 { return unknownMemory }
