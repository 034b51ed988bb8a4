// Package house holds the tests that keep the repository's own rules: which package may import which, and that every
// package says what it is. It has no code of its own.
package house
