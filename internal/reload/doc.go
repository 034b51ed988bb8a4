// Package reload has what files say, and says it anew when they change: certificates are renewed without a restart.
//
// The noun is Files: some files that are read together, and what was made of them.
//
// Life of a look: (1) Current asks the file system when each file was last changed; (2) if that is as it was, it gives what it has; (3) else it
// reads them again. What cannot be read is an error, beside what was read before: who asks decides whether that will do.
//
// It starts nothing by itself. Files are safe for concurrent use.
package reload
