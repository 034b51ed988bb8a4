package mvcc

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"redoubt/scn"
)

// Keys of the tree:
//
//	data   0x10, space (4 bytes, big endian), key, 0x00, version (8 bytes, big endian), 0x09
//	meta   0x01, name, 0x00
//	part   0x02, transaction id (8 bytes, big endian), number (4 bytes, big endian), 0x00
//
// What stands up to and with the 0x00 is the prefix. The version is the SCN with all bits turned over, so that the
// newest version of a key comes first. The last byte is the length of what follows the prefix, itself included; a key
// that is a prefix alone ends in 0x00. Within a space no key may be a prefix of another; the key encodings of package
// catalog see to that.
//
// Values of data: 0x00 for a deletion, or 0x01 and the bytes that the engine stores. Folding a rewind writes copies of what is
// visible where it goes back to: 0x02, uvarint of the SCN of the version that it is a copy of, and the bytes; 0x03 and the
// uvarint for a copied deletion, 0 if the key never was.
const (
	namespaceMeta = 0x01
	namespacePart = 0x02
	namespaceData = 0x10

	dataHeadLen = 5 // namespace and space
	prefixEnd   = 0x00
	suffixLen   = 9
	partKeyLen  = 14

	valueDeleted = 0x00
	valueLive    = 0x01
	valueCopied  = 0x02
	valueGone    = 0x03
)

func appendVersion(prefix []byte, s scn.SCN) []byte {
	return append(binary.BigEndian.AppendUint64(prefix, ^uint64(s)), suffixLen)
}

func versionOf(key []byte) scn.SCN {
	return scn.SCN(^binary.BigEndian.Uint64(key[len(key)-suffixLen:]))
}

func prefixOf(key []byte) []byte { return key[:split(key)] }

// split is the length of the prefix.
func split(key []byte) int {
	if n := len(key); n > suffixLen && key[n-1] == suffixLen {
		return n - suffixLen
	}
	return len(key)
}

// keyOf is the key within its space.
func keyOf(prefix []byte) []byte { return prefix[dataHeadLen : len(prefix)-1 : len(prefix)-1] }

func appendDataPrefix(dst []byte, space scn.Space, key []byte) []byte {
	dst = append(dst, namespaceData)
	dst = binary.BigEndian.AppendUint32(dst, uint32(space))
	return append(append(dst, key...), prefixEnd)
}

func appendDataKey(dst []byte, space scn.Space, key []byte, at scn.SCN) []byte {
	return appendVersion(appendDataPrefix(dst, space, key), at)
}

func metaKey(name string) []byte {
	return append(append([]byte{namespaceMeta}, name...), prefixEnd)
}

// bounds gives the prefixes that a range of a space lies between; nil high is the end of the space.
func bounds(space scn.Space, low, high []byte) (lower, upper []byte) {
	lower = appendDataPrefix(nil, space, low)
	if high == nil {
		return lower, appendDataPrefix(nil, space+1, nil)
	}
	return lower, appendDataPrefix(nil, space, high)
}

// comparer orders keys by what stands before the version, then newest version first.
//
// Rejected: a version of fixed length without the byte of its length. Pebble compares prefixes alone with whole keys,
// and could not tell the one from the other; its NextPrefix would loop for ever.
func comparer() *pebble.Comparer {
	return &pebble.Comparer{
		Name:                 "redoubt.mvcc.1",
		Split:                split,
		Compare:              compareKeys,
		Equal:                bytes.Equal,
		ComparePointSuffixes: bytes.Compare,
		CompareRangeSuffixes: bytes.Compare,
		AbbreviatedKey:       abbreviate,
		FormatKey:            func(key []byte) fmt.Formatter { return keyFormatter(key) },
		Separator:            func(dst, a, _ []byte) []byte { return append(dst, a...) },
		Successor:            func(dst, a []byte) []byte { return append(dst, a...) },
		ImmediateSuccessor: func(dst, prefix []byte) []byte {
			return append(append(dst, prefix...), prefixEnd)
		},
	}
}

func compareKeys(a, b []byte) int {
	i, j := split(a), split(b)
	if c := bytes.Compare(a[:i], b[:j]); c != 0 {
		return c
	}
	return bytes.Compare(a[i:], b[j:])
}

func abbreviate(key []byte) uint64 {
	key = prefixOf(key)
	if len(key) >= 8 {
		return binary.BigEndian.Uint64(key)
	}
	var v uint64
	for _, b := range key {
		v = v<<8 | uint64(b)
	}
	return v << uint(8*(8-len(key)))
}

type keyFormatter []byte

// Format writes the key for people, as 1002/0x0180…@17.
func (k keyFormatter) Format(f fmt.State, _ rune) {
	prefix := prefixOf(k)
	switch {
	case len(prefix) > dataHeadLen && prefix[0] == namespaceData:
		fmt.Fprintf(f, "%d/0x%x", binary.BigEndian.Uint32(prefix[1:]), keyOf(prefix))
		if len(prefix) < len(k) {
			fmt.Fprintf(f, "@%d", versionOf(k))
		}
	case len(prefix) > 1 && prefix[0] == namespaceMeta:
		fmt.Fprintf(f, "meta/%s", prefix[1:len(prefix)-1])
	case len(k) == partKeyLen && k[0] == namespacePart:
		fmt.Fprintf(f, "part/%d/%d", binary.BigEndian.Uint64(k[1:]), binary.BigEndian.Uint32(k[9:]))
	default:
		fmt.Fprintf(f, "0x%x", []byte(k))
	}
}
