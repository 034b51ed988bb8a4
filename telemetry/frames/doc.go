// Package frames keeps a history of moments in files of one directory, within a limit: what was seen at a moment is a frame, and the
// oldest file goes when they are too large together, or too old.
//
// The nouns:
//
//   - Kind: what the files of a history are called and begin with.
//   - frame: a moment, microseconds since 1970, and a body that means something to the caller.
//   - Archive: the files of one directory.
//
// A file is its Kind's header and frames:
//
//	magic   4 bytes  of the Kind
//	length  4 bytes  of the payload, little-endian
//	sum     4 bytes  CRC32C of the payload
//	payload          the moment as a varint, and the body
//
// A frame is whole if and only if (1) its magic is there, (2) its length is at most FrameBytesMax and within the file, (3) the sum
// fits, (4) the moment can be read. What is no whole frame is passed over up to the next magic. Each frame stands for itself, so
// damage of one concerns no other, and what a crash cuts off is no more than its frame. Nothing is synced: what is kept here is a
// help, which no commit waits for.
//
// An Archive is safe for concurrent use.
package frames
