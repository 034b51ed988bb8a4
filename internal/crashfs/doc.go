// Package crashfs is a file system in memory that writes down what is done to it and
// can then show every state in which a power cut could have left it.
//
// The nouns. A FS is a vfs.FS, for code under test to run on. Its journal holds every
// operation that changes something, in order. A mark is a value that the test puts
// into the journal, usually "this was acknowledged". A cut is a place in the journal.
// A State is what a power cut at a cut may leave: another FS, and the marks up to
// there.
//
// The life of a test:
//
//  1. fs := New(), and run the workload on it. After each promise that the code makes
//     (an Append that returned, a commit), call fs.Mark with what was promised.
//  2. for s := range fs.States(seed, 20000): open the code on s.FS, and check that
//     every promise in s.Marks holds. s is printable: it says where and how it was cut.
//  3. s.FS has a journal of its own, so what recovery does can be cut again.
//  4. fs.LoseSyncs makes syncs do nothing: a test whose checks still pass then checks
//     nothing.
//  5. fs.Inject makes chosen operations fail, as disks do: a failed write may have
//     written some of its sectors, and what a failed sync should have written is
//     neither on disk nor dirty any more, so that no later sync writes it.
//
// What may be lost. A synced byte stays. Of what was written since the last sync of
// its file, each 512-byte sector is there or not, on its own, in the version of any
// write since; the file may be longer than what was synced, with zeros in between. A
// name that was created, renamed, linked or removed since the last sync of its
// directory is in its old state or its new one; a rename is never half done. Nothing is
// ever there that was not written, and no sector is half written.
//
// It never touches the disk, and never decides anything by the clock or by chance: the
// same journal, seed and n give the same states.
//
// Concurrency: a FS may be used from any goroutine, under one lock. States and
// CrashNow read the journal as it is when they are called.
package crashfs
