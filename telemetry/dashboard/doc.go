// Package dashboard serves the page that shows what a node does: the live one, and any moment of the past.
//
// The nouns:
//
//   - frame: one message to a page over its WebSocket. It has only what changed since the frame before.
//   - look: what sessions do now, taken ten times a second while somebody watches.
//   - recorder: the log's way, second by second, of the last hour; it runs always, so that a page that opens has a past.
//   - section: rows of a V$ view, read again and again while somebody watches, once for all pages.
//   - question: what a page asks another node, which answers for itself; replies of several are gathered into one.
//   - view: what a page asks for: its range, its window, and what it is filtered by. The answer is a summary of samples.
//
// Life of a frame: (1) the hub notes that a look, a second or a section has changed, and wakes the pages' goroutines; (2) each
// makes a frame of what is new since its last one; (3) it writes that, and only then looks again. So a slow client gets
// the newest, and nothing waits for it. (4) A page that comes back says which second it has, and gets those after it.
//
// Who logs in is a user of the database with SELECT on everything; the cookie is signed, so that a restart of the node does not
// end it, and a change of the password does. The package changes nothing of the database. A Server is safe for concurrent use.
package dashboard
