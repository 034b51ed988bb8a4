package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
)

// guideKeys are the ids of keys that a page has shown, which are random, in the order in which they came. The page shows others.
type guideKeys []string

// shownKeys are what a page shows instead.
var shownKeys = []string{"5e6f7a8b", "1a2b3c4d", "9c0d1e2f", "3b4c5d6e", "7f809102"}

var (
	someKey = regexp.MustCompile(`(\b\d{4}-|key file |passphrase )([0-9a-f]{8})\b`)
	// someUse is what a key is needed for, in a list and in an error.
	someUse = regexp.MustCompile(`(key file [0-9a-f]{8}),[1-9]\d*,[1-9]\d*|needed: \d+ objects of \d+ bytes`)
)

// show makes what a command prints the same in each run.
func (k *guideKeys) show(text string) string {
	text = someKey.ReplaceAllStringFunc(text, func(found string) string {
		m := someKey.FindStringSubmatch(found)
		i := slices.Index(*k, m[2])
		if i < 0 {
			i = len(*k)
			*k = append(*k, m[2])
		}
		return m[1] + shownKeys[i]
	})
	text = someUse.ReplaceAllStringFunc(text, func(found string) string {
		if strings.HasPrefix(found, "needed") {
			return "needed: 7 objects of 7890 bytes"
		}
		return someUse.FindStringSubmatch(found)[1] + ",7,7890"
	})
	text = strings.ReplaceAll(text, who(), "root@db1")
	if host, err := os.Hostname(); err == nil {
		text = strings.ReplaceAll(text, " on "+host, " on db1")
	}
	return text
}

// real gives the argument that a page shows with the id of a key.
func (k *guideKeys) real(arg string) string {
	return someKey.ReplaceAllStringFunc(arg, func(found string) string {
		m := someKey.FindStringSubmatch(found)
		if i := slices.Index(shownKeys, m[2]); i >= 0 && i < len(*k) {
			return m[1] + (*k)[i]
		}
		return found
	})
}
