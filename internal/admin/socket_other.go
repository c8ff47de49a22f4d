//go:build !linux

package admin

// bindToDevice is not to be had here; the bound source address has to do.
func bindToDevice(uintptr, string) {}
