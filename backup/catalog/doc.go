// Package catalog is what a repository has, and what is known of it: backups and their states, the log, incarnations, the policy.
//
// The nouns:
//
//   - Catalog: all of it at one time, read from the repository alone.
//   - Entry: a backup, with what people and verifications have said of it, and whether it can be used.
//   - State: AVAILABLE, EXPIRED, CORRUPTED, UNAVAILABLE or OBSOLETE.
//   - Marks: what cannot be derived: a tag, KEEP, UNAVAILABLE, what a verification found. A small object beside the manifest.
//
// Life of a Catalog: (1) manifests, marks, pieces and the policy are read, and the files listed; (2) each backup gets its state;
// (3) the map of ways is made, and retention decides what is obsolete.
//
// The repository is the truth: a Catalog is not kept anywhere but in an export, for people and for the day when marks are lost.
// Nothing here deletes a backup. A Catalog is read-only once it is loaded.
package catalog
