// Package lock makes transactions wait for one another: the row locks of the node that leads.
//
// The nouns:
//
//   - key: a row, or a value of a unique index: a space and the bytes that name the key in it.
//   - mode: what the holder relies on or is about to do, and so which other modes must wait.
//   - owner: a transaction, by its id. It holds locks until Release.
//   - waiter: a request that cannot be granted yet. Those of one key form a queue.
//
// Life of a request: (1) Lock looks whether other owners hold or wait for the key in a mode that conflicts; if not, it is
// granted; (2) otherwise it looks whether waiting would close a circle of owners that wait for each other, and if so
// refuses; (3) it waits at the end of the queue until the owners before it are gone, its time is up, or its caller gives
// up; (4) Release lets all locks of an owner go and grants what can be granted, in the order of the queues.
//
// Locks are a courtesy: certification decides what may enter the log, and losing all locks costs retries, never
// correctness. Package lock never looks at data. A Manager may be used by many goroutines; one owner asks for one lock at
// a time.
package lock
