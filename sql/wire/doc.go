// Package wire carries our SQL through the MySQL protocol of the engine's server, and keeps strangers within limits.
//
// Nouns: Options; the factory that ListenerFactory returns, which the server makes its listener with; Inside, by which
// the process connects to its own server; the connection, which sits between the socket and the protocol library; the
// carrier, the text that a prepared statement travels in; the handler that WrapHandler returns, around the engine's.
//
// The life of a connection:
//  1. It is accepted if max_connections allows; else it gets error 1040.
//  2. Its login is read packet by packet, each of at most 64 KB, all of it within LoginTimeout. An SSLRequest is
//     answered here: the protocol library sees the bytes inside TLS. Without one, and with RequireTLS, it gets
//     error 3159. A login with caching_sha2_password without TLS gets the RSA key that the method provides for.
//  3. From then on packets are followed by their headers. A payload over MaxPacketBytes gets error 1153.
//  4. The protocol library parses the text of COM_STMT_PREPARE with the engine's own grammar, past our parser. So the
//     connection replaces it by a carrier: SELECT '<the text, escaped>',?,? with as many `?` as the text has.
//  5. The handler takes the text out of the carrier again, ends a statement whose client has gone, and maps every error
//     to the table in sqlcode.
//  6. A COM_STMT_EXECUTE may open a cursor. The library runs it in a goroutine of its own, keeps what it is given until the client fetches
//     it, and does not say why it failed: the connection puts that in the place of what the library says.
//
// What it never does: look into results, authenticate by itself anybody from outside, or change a byte of anything but logins,
// COM_STMT_PREPARE and the error of a statement with a cursor.
//
// Concurrency: a connection has one reader at a time and one writer at a time, which are the same goroutine except
// during LOAD DATA LOCAL; Close may be called from any. Options are constant.
package wire
