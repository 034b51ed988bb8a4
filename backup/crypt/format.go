package crypt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/bits"
	"regexp"
	"strconv"
)

// An object is
//
//	header | ciphertext | trailer
//
//	header:  magic [8] | version u16 | key u32 | length of the name u16 | name | crc32c of all before it u32
//	trailer: length of the ciphertext u64 | crc32c of the 8 bytes before it u32
//
// in big-endian order. The ciphertext is that of Tink's streaming AEAD AES256-GCM-HKDF-1MB with the header as associated data:
// 40 bytes of salt and nonce prefix, then segments. These 40 bytes and the first segment make one block of 1 MiB, each further
// segment is one; the last may be shorter. The trailer is not authenticated: it only tells an object that is cut off from
// one that is damaged.
const (
	magic         = "RDTCRYPT"
	formatVersion = 1

	headerFixed  = len(magic) + 2 + 4 + 2 + 4
	trailerBytes = 8 + 4

	blockBytes       = 1 << 20
	tinkHeaderBytes  = 1 + 32 + 7
	tagBytes         = 16
	damagedHeaderMax = 8   // bits: a header that differs by more from what it must be is none
	nameBytesMax     = 512 // of a name in any store
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// header is that of an object, which depends on nothing but its key and its name.
func header(key uint32, name string) []byte {
	b := binary.BigEndian.AppendUint16([]byte(magic), formatVersion)
	b = binary.BigEndian.AppendUint32(b, key)
	b = binary.BigEndian.AppendUint16(b, uint16(len(name)))
	b = append(b, name...)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// parseHeader reads the header at the beginning of b; false if there is no whole one.
func parseHeader(b []byte) (version uint16, key uint32, name string, ok bool) {
	if len(b) < headerFixed || !bytes.HasPrefix(b, []byte(magic)) {
		return 0, 0, "", false
	}
	version, key = binary.BigEndian.Uint16(b[8:]), binary.BigEndian.Uint32(b[10:])
	end := 16 + int(binary.BigEndian.Uint16(b[14:]))
	if len(b) < end+4 || crc32.Checksum(b[:end], castagnoli) != binary.BigEndian.Uint32(b[end:]) {
		return 0, 0, "", false
	}
	return version, key, string(b[16:end]), true
}

// nearlyEqual tells whether two headers of one length differ by a few bits only.
func nearlyEqual(a, b []byte) bool {
	differ := 0
	for i := range a {
		differ += bits.OnesCount8(a[i] ^ b[i])
	}
	return differ <= damagedHeaderMax
}

func trailer(ciphertextBytes int64) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(ciphertextBytes))
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// plainBytes is the size of the content of an object that has so many bytes in the store; 0 if no object has.
func plainBytes(sealed int64, name string) int64 {
	ciphertext := sealed - int64(headerFixed+len(name)+trailerBytes)
	blocks := (ciphertext + blockBytes - 1) / blockBytes
	return max(0, ciphertext-tinkHeaderBytes-tagBytes*blocks)
}

// block tells in which block, from 1 on, the byte of a content lies, and where in the content the block begins.
func block(at int64) (number, from int64) {
	const content = blockBytes - tagBytes
	number = (at + tinkHeaderBytes) / content
	return number + 1, max(0, number*content-tinkHeaderBytes)
}

// The name of an object inside is its name and its key's id.
var sealedName = regexp.MustCompile(`^(.+)\.key-([0-9a-f]{8})$`)

// KeyName is how the id of a key is written.
func KeyName(key uint32) string { return fmt.Sprintf("%08x", key) }

func seal(name string, key uint32) string { return name + ".key-" + KeyName(key) }

// unseal takes a name inside apart; false if it is not that of an encrypted object.
func unseal(inside string) (name string, key uint32, ok bool) {
	m := sealedName.FindStringSubmatch(inside)
	if m == nil {
		return "", 0, false
	}
	id, err := strconv.ParseUint(m[2], 16, 32)
	return m[1], uint32(id), err == nil
}
