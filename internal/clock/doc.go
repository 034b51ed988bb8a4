// Package clock is the node's time of day, which stamps commits and ages history. Built with the tag clockjump, it goes wrong on demand:
// tests of whole processes have no other way to make a clock jump.
package clock
