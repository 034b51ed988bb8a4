// Package shell is `redoubt sql`: statements typed, piped or given on the command line, run on a server, and their
// results shown.
//
// Nouns: Options; the session, one connection and what it takes to stop a statement on it; the splitter, which cuts
// input into statements; the renderer, one for each Format; the StatementError, which tells code, cause and action.
//
// The life of a statement:
//  1. Lines come from the line editor, a script or -e. The splitter collects them up to a semicolon, or what DELIMITER
//     has set; semicolons in strings, comments and bodies of stored programs do not count. A line that begins with a
//     backslash where a statement would begin is a command to the shell.
//  2. The session runs it. Ctrl-C sends KILL QUERY on a second connection; a second Ctrl-C drops the connection.
//  3. Rows are rendered as they come; tables in pages, so that no result has to fit into memory.
//  4. An error is shown with its code, cause and action. A script ends there, the interactive shell goes on.
//
// What it never does: look into the data directory, retry a statement, or write passwords into the history.
//
// Run uses one goroutine, and one more for each running statement that waits for Ctrl-C; it joins it.
package shell
