package function

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash/crc32"

	gsql "github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/types"
)

// digest defines a function that writes a digest of its argument's bytes.
func digest(sum func([]byte) []byte) *definition {
	return &definition{arity: exactly(1), typeOf: always(types.LongText), eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
		return hex.EncodeToString(sum(bytesOfArgument(ctx, call.args[0], args[0]))), nil
	}}
}

func md5Sum(b []byte) []byte {
	sum := md5.Sum(b)
	return sum[:]
}

func sha1Sum(b []byte) []byte {
	sum := sha1.Sum(b)
	return sum[:]
}

// sha2 defines SHA2; an unknown length of the digest gives NULL.
func sha2() *definition {
	return &definition{arity: exactly(2), typeOf: always(types.LongText), eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
		b := bytesOfArgument(ctx, call.args[0], args[0])
		switch integerArgument(ctx, args[1]) {
		case 0, 256:
			sum := sha256.Sum256(b)
			return hex.EncodeToString(sum[:]), nil
		case 224:
			sum := sha256.Sum224(b)
			return hex.EncodeToString(sum[:]), nil
		case 384:
			sum := sha512.Sum384(b)
			return hex.EncodeToString(sum[:]), nil
		case 512:
			sum := sha512.Sum512(b)
			return hex.EncodeToString(sum[:]), nil
		}
		return nil, nil
	}}
}

// checksum defines CRC32.
func checksum() *definition {
	return &definition{arity: exactly(1), typeOf: always(types.Uint32), eval: func(ctx *gsql.Context, call *scalar, args []any) (any, error) {
		return crc32.ChecksumIEEE(bytesOfArgument(ctx, call.args[0], args[0])), nil
	}}
}
