package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// Bounds of the general settings.
const (
	leastFailureDetection   = 20 * time.Millisecond
	mostFailureDetection    = 60 * time.Second
	defaultFailureDetection = 500 * time.Millisecond
	defaultBudget           = 64 << 20
	// messageHeaders is what a message of the greatest length may have in
	// front of it: sender and group names.
	messageHeaders = 64 << 10
)

// Load reads and checks the file at path; see Parse.
func Load(path string) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	defer f.Close()
	return Parse(f, path)
}

// Parse reads a configuration from r and fills in the defaults. The name of
// the file serves messages and relative paths in it; nothing but r is read.
//
// What is wrong with the configuration is returned as errors of type *Error,
// all of them, joined in the order of the file. Any other error is one of r.
func Parse(r io.Reader, file string) (*Config, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("config: read %s: %w", file, err)
	}
	if len(data) > maxFile {
		return nil, &Error{File: file, Msg: "larger than any configuration, " + formatSize(maxFile)}
	}
	root, err := readDocument(strings.TrimPrefix(string(data), "\ufeff"), file)
	if err != nil {
		return nil, err
	}
	b := &builder{doc: root.doc, cfg: &Config{File: file}, doubtful: map[int]bool{}}
	b.general(root)
	b.networks(root)
	b.daemons(root)
	b.settleNetworks()
	b.client(root)
	b.monitor(root)
	b.together(root)
	root.refuseUnknown()
	if len(b.doc.errs) > 0 {
		return nil, join(b.doc.errs)
	}
	return b.cfg, nil
}

// readDocument parses the syntax of a file into its outermost table.
func readDocument(text, file string) (*table, error) {
	at, limit := findKeys(text)
	if limit != nil {
		limit.File = file
		return nil, limit
	}
	doc := &document{file: file, at: at}
	root := &table{doc: doc}
	if _, err := toml.Decode(text, &root.values); err != nil {
		var syntax toml.ParseError
		if !errors.As(err, &syntax) {
			return nil, &Error{File: file, Msg: printable(strings.TrimPrefix(err.Error(), "toml: "))}
		}
		place := positionAt(text, syntax.Position.Start)
		return nil, &Error{File: file, Line: place.line, Column: place.column, Msg: printable(syntax.Message)}
	}
	return root, nil
}

// builder turns the tables of a document into a Config.
type builder struct {
	doc *document
	cfg *Config

	networkTables, daemonTables []*table // those of cfg.Networks, cfg.Daemons
	// doubtful are the daemons, by index, whose addresses could not all be
	// read: what they share with others is not known.
	doubtful map[int]bool
}

func (b *builder) general(root *table) {
	c := b.cfg
	c.Cluster = root.text("cluster", "spread")
	if err := checkName(c.Cluster, MaxCluster); err != nil {
		root.fail("cluster", "%v", err)
	}
	c.Port = uint16(root.number("port", DefaultPort, 1, 65535))
	c.Security = Security(root.choice("security", int(Sealed), securityNames[:]))
	c.KeyFile = b.path(root, "key_file")
	c.FailureDetection = root.duration("failure_detection", defaultFailureDetection, leastFailureDetection, mostFailureDetection)
	c.Policy = Policy(root.choice("policy", int(Replicate), policyNames[:]))
	c.MaxSkew = root.duration("max_skew", c.FailureDetection/4, time.Millisecond, mostFailureDetection)
	c.ReassemblyBudget = int(root.size("reassembly_budget", defaultBudget, 1<<20, 1<<30))
}

// path reads a path; a relative one is meant from the file's own directory.
func (b *builder) path(t *table, key string) string {
	p := t.text(key, "")
	switch {
	case !t.has(key):
		return ""
	case p == "" || strings.ContainsRune(p, 0):
		t.fail(key, "must be the path of a file")
		return ""
	case filepath.IsAbs(p):
		return p
	}
	return filepath.Join(filepath.Dir(b.cfg.File), p)
}

// together checks what concerns several tables.
func (b *builder) together(root *table) {
	b.checkSubnets()
	b.checkAddresses()
	b.checkPairs()
	b.checkSecurity(root)
	if c := b.cfg; c.ReassemblyBudget < c.Client.MaxMessage+messageHeaders {
		root.fail("reassembly_budget", "must be at least client.max_message and 64KiB, that is %s, not %s",
			formatSize(int64(c.Client.MaxMessage+messageHeaders)), formatSize(int64(c.ReassemblyBudget)))
	}
}

// checkSecurity settles the mode of security (SEC-1).
func (b *builder) checkSecurity(root *table) {
	c := b.cfg
	hasKey := root.has("key_file")
	switch {
	case c.Security == Plaintext && hasKey:
		root.fail("security", `"plaintext" and key_file exclude each other; remove one of the two`)
	case c.Security == Plaintext || hasKey:
	case !root.has("security") && c.LoopbackOnly():
		c.Security = Plaintext // no packet leaves the host
	default:
		root.fail("key_file", "missing: packets between daemons are sealed with the cluster's key; "+
			"make one with `spreadd keygen -o FILE`, copy it to every host and name it here "+
			`(or, on networks nobody else can reach, write security = "plaintext")`)
	}
}
