package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// moduleRoot is the directory of the go.mod that is in force.
func moduleRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("mutants: go env: %w", err)
	}
	file := strings.TrimSpace(string(out))
	if filepath.Base(file) != "go.mod" {
		return "", fmt.Errorf("mutants: not inside a module")
	}
	return filepath.Dir(file), nil
}

// patched returns the files of the mutant as it makes them, by path from root.
func (m *mutant) patched(root string) (map[string]string, error) {
	changed := make(map[string]string)
	for i := range m.files {
		p := &m.files[i]
		source, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(p.file)))
		if err != nil {
			return nil, fmt.Errorf("mutants: %s: %w", m.name, err)
		}
		text, err := p.apply(string(source))
		if err != nil {
			return nil, fmt.Errorf("mutants: %s does not apply any more: %w", m.name, err)
		}
		changed[p.file] = text
	}
	return changed, nil
}

// overlay writes the patched files below dir, and the file for go build
// -overlay that puts them in the place of those below root.
func (m *mutant) overlay(root, dir string) (string, error) {
	changed, err := m.patched(root)
	if err != nil {
		return "", err
	}
	replace := make(map[string]string)
	for file, text := range changed {
		copied := filepath.Join(dir, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(copied), 0o777); err != nil {
			return "", fmt.Errorf("mutants: %w", err)
		}
		if err := os.WriteFile(copied, []byte(text), 0o666); err != nil {
			return "", fmt.Errorf("mutants: %w", err)
		}
		replace[filepath.Join(root, filepath.FromSlash(file))] = copied
	}
	b, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", fmt.Errorf("mutants: overlay: %w", err)
	}
	name := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(name, b, 0o666); err != nil {
		return "", fmt.Errorf("mutants: %w", err)
	}
	return name, nil
}

// goTool runs the go command in root and returns what it wrote, also with an
// error.
func goTool(ctx context.Context, root string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// buildSimulator builds cmd/spreadsim with the mutant in it and returns the
// program's path.
func (m *mutant) buildSimulator(ctx context.Context, root, dir string) (string, error) {
	overlay, err := m.overlay(root, dir)
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "spreadsim")
	if out, err := goTool(ctx, root, "build", "-overlay", overlay, "-o", program, "./cmd/spreadsim"); err != nil {
		return "", fmt.Errorf("mutants: %s does not build: %w\n%s", m.name, err, out)
	}
	return program, nil
}

// buildTest builds the test program that is to find the mutant, with it and
// without it.
func (m *mutant) buildTest(ctx context.Context, root, dir string) (clean, bad string, err error) {
	overlay, err := m.overlay(root, dir)
	if err != nil {
		return "", "", err
	}
	clean, bad = filepath.Join(dir, "clean.test"), filepath.Join(dir, "bad.test")
	if out, err := goTool(ctx, root, "test", "-c", "-o", clean, m.test[0]); err != nil {
		return "", "", fmt.Errorf("mutants: the tests of %s do not build: %w\n%s", m.test[0], err, out)
	}
	if out, err := goTool(ctx, root, "test", "-c", "-overlay", overlay, "-o", bad, m.test[0]); err != nil {
		return "", "", fmt.Errorf("mutants: %s does not build: %w\n%s", m.name, err, out)
	}
	return clean, bad, nil
}
