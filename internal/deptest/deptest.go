// Package deptest holds the rules of who may import whom, and a test that
// keeps them (design 2). It is used by that test only and has no state.
package deptest

import (
	"path"
	"strings"
)

// Package is what the rules need to know of one package, as "go list -json"
// tells it.
type Package struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
	Standard   bool
}

// Module is the path of the module whose packages are judged.
const Module = "mpspread"

// Rule says what the packages matching From may import. An edge that no rule
// allows is forbidden, and Why is told with it.
type Rule struct {
	From  string   // path.Match pattern below the module
	Allow []string // patterns below the module
	Why   string
}

// Arrows are the arrows of design 2, first match wins. Packages of the
// standard library and of others are judged by Edge, not here.
var Arrows = []Rule{
	{From: "ring", Why: "the ring is the lowest of the pure core: it orders, and knows nothing else"},
	{From: "multipath", Why: "multipath carries packets and knows nothing of what is in them"},
	{From: "groups", Allow: []string{"ring"},
		Why: "groups decide from the ring's deliveries alone"},
	{From: "internal/engine", Allow: []string{"groups", "ring", "multipath"},
		Why: "the engine joins the pure packages and is itself pure"},
	{From: "datalink", Why: "S24: the data link knows no ring and is usable alone"},
	{From: "datalink/*", Allow: []string{"datalink"},
		Why: "S24: the data link's in-memory twin knows no more than it"},
	{From: "config", Why: "the configuration is text made into values; the daemon turns them into what others need"},
	{From: "client/frame", Why: "the frames of the client protocol stand alone"},
	{From: "client", Allow: []string{"client/frame"},
		Why: "programs that link the client must not link the daemon"},
	{From: "client/*", Allow: []string{"client", "client/frame"},
		Why: "programs that link the client must not link the daemon"},
	{From: "daemon", Allow: []string{
		"client/frame", "config", "datalink", "groups", "internal/admin", "internal/engine", "internal/outbox",
		"internal/trace", "multipath", "ring"},
		Why: "the daemon drives engine and data link; tools use the daemon, not the other way"},
	{From: "internal/outbox", Why: "a queue knows nothing of what it holds; daemon and simulator run the same one"},
	{From: "internal/sim", Allow: []string{"groups", "internal/check", "internal/engine", "internal/outbox", "internal/trace", "multipath", "ring"},
		Why: "the simulator drives the pure core without clocks, sockets or files"},
	{From: "internal/sim/scenario", Allow: []string{"groups", "internal/check", "internal/engine", "internal/sim", "internal/trace", "multipath", "ring"},
		Why: "scenarios are plans for the simulator, and what their runs must show"},
	{From: "internal/sim/mutants", Why: "it changes the packages it is about; it uses none"},
	{From: "internal/check", Allow: []string{"groups", "internal/trace", "multipath", "ring"},
		Why: "the checker judges traces, whoever made them"},
	{From: "internal/trace", Allow: []string{"groups", "multipath", "ring"},
		Why: "a trace names the core's types and nothing above them"},
	{From: "internal/admin", Allow: []string{"config", "multipath", "ring", "groups"},
		Why: "the commands' documents and ways are the same for daemon and tool"},
	{From: "internal/lab", Allow: []string{"client", "groups", "internal/check", "internal/labnet", "internal/pulse", "internal/trace", "ring"},
		Why: "the lab sees the programs from outside, as a user does; the checker judges what clients saw"},
	{From: "internal/labnet", Why: "networks to be broken know nothing of what runs on them"},
	{From: "internal/pulse", Why: "it looks at the clock and at nothing else"},
	{From: "internal/deptest", Why: "the judge depends on nobody"},
	{From: "internal/*", Allow: []string{
		"client", "client/frame", "config", "daemon", "datalink", "datalink/*", "groups",
		"internal/*", "multipath", "ring"},
		Why: "what commands need: everything but the commands"},
	{From: "cmd/spreadsim", Allow: []string{"internal/sim", "internal/sim/scenario", "internal/check", "internal/trace"},
		Why: "the simulator's command needs the simulator only"},
	{From: "cmd/spreadd", Allow: []string{"config", "daemon", "internal/*"},
		Why: "commands hold flags, signals and exit codes"},
	{From: "cmd/spreadctl", Allow: []string{"client", "config", "daemon", "internal/*", "multipath"},
		Why: "commands hold flags, signals and exit codes"},
	{From: "examples/*", Allow: []string{"client"}, Why: "examples show what users can do"},
	{From: "bench", Allow: []string{"client", "internal/*"}, Why: "measurements see the programs from outside"},
}

// Pure are the packages without clock, socket, goroutine, lock, log, global
// random numbers or environment.
var Pure = []string{"ring", "multipath", "groups", "internal/engine", "internal/outbox"}

// Deterministic are the packages whose runs must be the same to the bit:
// beside the pure ones what simulates and judges them (correctness reference
// 5.2).
var Deterministic = append(Pure[:len(Pure):len(Pure)], "internal/trace", "internal/check", "internal/sim")

// pureImports is what a pure package may import from outside the module.
// Nothing else: what is new has to be looked at first, for clocks, goroutines,
// global random numbers, files and the order of maps.
var pureImports = map[string]bool{
	"bytes": true, "cmp": true, "encoding/binary": true, "errors": true, "fmt": true, "io": true, "math": true, "math/bits": true,
	"math/rand/v2": true, // with a generator that was passed in (Source)
	"net/netip":    true, "slices": true, "strconv": true, "strings": true,
	"time":       true, // durations (Source)
	"crypto/aes": true, "crypto/cipher": true, "crypto/hkdf": true, "crypto/sha256": true, "crypto/subtle": true,
	"golang.org/x/crypto/chacha20poly1305": true, "hash/crc32": true, "hash/fnv": true,
}

// impure are imports that a pure package must not have, with what they would
// let in. A pattern ending in "/..." covers everything below it too.
var impure = []struct{ pattern, why string }{
	{"context", "calls are short and never block"},
	{"crypto/rand", "entropy is an input"},
	{"go.uber.org/zap/...", "the core reports by status and trace"},
	{"hash/maphash", "its seed differs between runs"},
	{"iter", "its Pull runs a coroutine"},
	{"log/...", "the core reports by status and trace"},
	{"maps", "the order of a map; sort its keys"},
	{"net", "no sockets; net/netip holds addresses"},
	{"os/...", "no files, no environment"},
	{"runtime/...", "no goroutines, nothing that differs between runs"},
	{"sync/...", "one goroutine owns all protocol state"},
}

// IsPure tells whether the package is of the pure core.
func IsPure(importPath string) bool {
	for _, p := range Pure {
		if importPath == Module+"/"+p {
			return true
		}
	}
	return false
}

// Edge judges one import: the empty string, or why it is forbidden.
func Edge(from, to string) string {
	if to == "C" {
		return "the module is pure Go"
	}
	if IsPure(from) && !strings.HasPrefix(to, Module+"/") && !pureImports[to] {
		for _, f := range impure {
			if covers(f.pattern, to) {
				return "pure package: " + f.why
			}
		}
		return "pure package: not among what one may import (pureImports)"
	}
	if to == "unsafe" && from != Module+"/datalink" {
		return "SEC-19: only the data link's system calls need it"
	}
	if covers("github.com/charmbracelet/...", to) && from != Module+"/cmd/spreadctl" {
		return "screens are spreadctl's"
	}
	below, inside := strings.CutPrefix(to, Module+"/")
	if !inside {
		return ""
	}
	if strings.HasPrefix(below, "cmd/") {
		return "nothing imports a command"
	}
	return arrow(strings.TrimPrefix(from, Module+"/"), below)
}

// arrow judges an import inside the module.
func arrow(from, to string) string {
	for _, r := range Arrows {
		if !match(r.From, from) {
			continue
		}
		for _, a := range r.Allow {
			if match(a, to) {
				return ""
			}
		}
		return r.Why
	}
	return "no rule for " + from + " in internal/deptest: decide where it stands and add one"
}

func match(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	if err != nil {
		panic("deptest: pattern " + pattern + ": " + err.Error())
	}
	return ok
}

// covers tells whether the pattern, perhaps ending in "/...", covers p.
func covers(pattern, p string) bool {
	root, below := strings.CutSuffix(pattern, "/...")
	return p == root || below && strings.HasPrefix(p, root+"/")
}
