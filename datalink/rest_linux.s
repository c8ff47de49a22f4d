//go:build !portable

// With an assembly file in the package the compiler takes functions without a
// body, as those of rest_linux.go.
