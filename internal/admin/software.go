package admin

import "runtime/debug"

// Software is the version of the running program: the release that the linker
// set, if any, else what the go command stamped into the build.
func Software(release string) string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
