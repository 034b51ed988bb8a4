// Package retention decides which backups and which part of the log a repository keeps.
//
// The nouns:
//
//   - Policy: how much is to be kept: a number of backups, a window of time, one for each of so many hours, days, weeks, months and
//     years; and how old anything may become.
//   - Decision: for each backup and each piece of the log, whether it stays, and why.
//   - Promise: SCNs that can be reached as long as the policy is kept.
//   - Proof: that each promised SCN that can be reached now can be afterwards.
//
// Life of a decision: (1) each rule of the policy names the backups that it wants, and the log behind them; (2) what was kept by
// hand joins them; (3) so does everything that those need; (4) the rest may go. What a rule wants, another cannot let go.
//
// The package reads nothing and deletes nothing: the same contents, policy and time give the same decision.
package retention
