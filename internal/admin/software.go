package admin

import "runtime/debug"

// release is the version of the software, as in CHANGELOG.md.
const release = "0.1.0"

// Software is the version of the running program: the release and, where the
// build tells it, the revision, with "+changed" if the tree was not clean.
func Software() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return release
	}
	setting := map[string]string{}
	for _, s := range info.Settings {
		setting[s.Key] = s.Value
	}
	revision := setting["vcs.revision"]
	if revision == "" {
		return release
	}
	const short = 12
	text := release + "-" + revision[:min(short, len(revision))]
	if setting["vcs.modified"] == "true" {
		text += "+changed"
	}
	return text
}
