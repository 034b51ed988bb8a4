// Package backup keeps states of the database in a repository, so that a recovery need not begin at the first commit, and
// verifies what is there.
//
// The nouns:
//
//   - Backup: a state as of one SCN: its files, or the log since another backup; and the state hash that must come out.
//   - file: content under the name of its hash. A file that two backups have is there once, and sent once.
//   - Manifest: the object that makes a backup: without it there is none, with it there is all of it.
//   - Verification: what was looked at, and the Damage that was found: object, kind, block, SCNs.
//
// Life of a backup: (1) the engine makes a checkpoint, by hard links; (2) files that are not known are read; (3) what it is
// made of is decided: the log since its base, or the files that the repository lacks; (4) the archiver makes the repository
// hold the log up to it, while the files are sent, several at a time; (5) the manifest is written last. A full backup is always
// made of files: for it, the log is on its way from (1) on.
//
// Life of a verification: (1) manifests are read; (2) files and pieces of the log are compared with what manifests and
// names say of them, those that have to be read, by their checksums; (3) a recovery goes to each backup, if that is asked;
// (4) what was found and read is kept.
//
// The package knows no SQL and no node, and never deletes what a manifest names. Everything is safe for concurrent use.
package backup
