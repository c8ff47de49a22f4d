package config

import "strings"

// nearest returns the name most like s, or "" if none is like it: at most one
// edit in two of its letters, and at least one letter kept; or s begins it.
func nearest(s string, names []string) string {
	const longest = 64 // nothing we know is nearly as long
	if len(s) > longest {
		return ""
	}
	best, least := "", max(len(s), 2)/2+1
	for _, name := range names {
		d := distance(strings.ToLower(s), strings.ToLower(name))
		if len(s) > 2 && strings.HasPrefix(name, s) {
			d = 1 // cert for certificate
		}
		if d < least && d < len(name) {
			best, least = name, d
		}
	}
	return best
}

// distance is the number of single-byte insertions, removals, replacements
// and exchanges of neighbours that turn a into b (optimal string alignment).
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// didYouMean is the end of a message about an unknown name.
func didYouMean(s string, names []string) string {
	if name := nearest(s, names); name != "" {
		return "; did you mean " + quote(name) + "?"
	}
	if len(names) == 0 {
		return ""
	}
	return "; known are: " + strings.Join(names, ", ")
}
