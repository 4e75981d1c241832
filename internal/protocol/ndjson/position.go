package ndjson

import (
	"strconv"

	"recado"
)

// AppendPosition appends what p.String returns.
func AppendPosition(dst []byte, p recado.Position) []byte {
	return strconv.AppendUint(append(append(dst, p.Epoch...), '.'), p.Seq, 10)
}
