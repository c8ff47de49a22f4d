package main

import (
	"strings"
	"testing"
)

const fruit = "apple\nbanana\ncherry\ndate\nelder\nfig\n"

const fruitPatch = `A bug.

--- a/shop/fruit.txt
+++ b/shop/fruit.txt
@@ -1,3 +1,3 @@
 apple
-banana
+blackberry
 cherry
@@ -5,2 +5,3 @@
 elder
+endive
 fig
`

func TestPatchApplies(t *testing.T) {
	for _, tt := range []struct{ name, have, want, wantErr string }{
		{name: "as it was made", have: fruit, want: "apple\nblackberry\ncherry\ndate\nelder\nendive\nfig\n"},
		{name: "lines have moved", have: "zero\n" + strings.Replace(fruit, "date", "date\ndate", 1), want: "zero\napple\nblackberry\ncherry\ndate\ndate\nelder\nendive\nfig\n"},
		{name: "a line has changed", have: strings.Replace(fruit, "banana", "bananas", 1), wantErr: "made at line 1 are not there"},
		{name: "the context has changed", have: strings.Replace(fruit, "fig", "figs", 1), wantErr: "made at line 5 are not there"},
		{name: "two places", have: fruit + fruit, wantErr: "made at line 1 are there 2 times"},
		{name: "another order", have: "elder\nfig\napple\nbanana\ncherry\n", wantErr: "comes before the one in front of it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			head, files, err := parsePatch(fruitPatch)
			if err != nil {
				t.Fatal(err)
			}
			if head != "A bug.\n" || len(files) != 1 || files[0].file != "shop/fruit.txt" || len(files[0].hunks) != 2 {
				t.Fatalf("head %q, files %+v", head, files)
			}
			got, err := files[0].apply(tt.have)
			if got != tt.want || !strings.Contains(errorText(err), tt.wantErr) || (err == nil) != (tt.wantErr == "") {
				t.Errorf("%q, %v; want %q, %s", got, err, tt.want, tt.wantErr)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestPatchRefused(t *testing.T) {
	names := "--- a/f\n+++ b/f\n"
	for _, tt := range []struct{ name, have, want string }{
		{"empty", "", "no diff"},
		{"only a head", "A bug.\n", "no diff"},
		{"other names", "--- a/f\n+++ b/g\n@@ -1 +1 @@\n-a\n+b\n", "not the names of one file"},
		{"nothing changed", names, "f is not changed"},
		{"no ranges", names + "@@ @@\n", "not the head of a hunk"},
		{"not a number", names + "@@ -x +1 @@\n", "not a range"},
		{"negative", names + "@@ -1,-1 +1 @@\n", "not a range"},
		{"sides swapped", names + "@@ +1 -1 @@\n", "not a range"},
		{"too short", names + "@@ -1,2 +1,2 @@\n a\n", "its head says 2 and 2"},
		{"too long on one side", names + "@@ -1 +1,2 @@\n-a\n-b\n+c\n+d\n", "its head says 1 and 2"},
		{"strange line", names + "@@ -1 +1 @@\n*a\n", "begins with"},
		{"something behind", names + "@@ -1 +1 @@\n-a\n+b\nmore\n", "not the names of one file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, _, err := parsePatch(tt.have); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}

// An empty line of context may have lost its leading space.
func TestPatchEmptyContextLine(t *testing.T) {
	_, files, err := parsePatch("--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n a\n\n-b\n+c\n")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := files[0].apply("a\n\nb\n"); got != "a\n\nc\n" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}
