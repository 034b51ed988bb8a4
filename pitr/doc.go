// Package pitr finds the point that a recovery goes to, and brings a state there from segments of the log.
//
// The nouns:
//
//   - Target: where a recovery goes: an SCN, a time, a restore point, a transaction, or the newest commit.
//   - Replay: applying the log to a state, from where it is to the target.
//
// Life of a recovery: (1) the archived log lies in a directory, verified; (2) Resolve turns the target into an SCN, by what the
// log says; (3) Replay applies everything up to it, and goes on where it was if it is interrupted.
//
// The package chooses neither where the log comes from nor what becomes of the state, and changes nothing but the state.
package pitr
