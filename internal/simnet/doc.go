// Package simnet is a network in memory, in virtual time: streams between hosts, as TCP gives them, over links that are slow, that
// lose packets or are cut, and hosts that stop or crash.
//
// The nouns:
//
//   - Network: what joins hosts, by their addresses.
//   - Host: one life of a process at an address. It listens and dials; a crash ends it, and a new one takes its address.
//   - link: the way from one address to another. The way back is another one, so a cut may be one way only.
//   - Echo: bytes that a connection once carried, said again on a new one. A stream neither repeats nor reorders what it carries, but
//     between connections both happens; to those who understand messages, an echo is messages that come twice and late.
//
// Life of a write: (1) it is given a time of arrival: the link's delay, longer if packets are lost, never before the write in front of it;
// (2) it is read at that time, or when the link is whole again and both hosts run. A connection that breaks loses what is on its way.
//
// Times are those of package time, so in a bubble of testing/synctest they are virtual. No write ever blocks: what it would wait for is
// not a matter of locks, and a goroutine that waits for a lock keeps the time of a bubble from going on. Everything may be used from
// any goroutine; what chance decides follows from the seed and from the order in which goroutines come.
package simnet
