package observe

import "os"

// headroom is never touched: it takes addresses and no memory.
var headroom []byte

const headroomSize = 128 << 20

// Headroom has rubbish gather for longer before it is collected: by as much as
// headroomSize more than by itself. The collector starts when the heap has
// doubled; one of a few megabytes, as of a server that answers many short
// requests, doubles several times a second, which took a tenth of the cores.
// Whoever set GOGC or GOMEMLIMIT has decided himself.
func Headroom() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" && headroom == nil {
		headroom = make([]byte, headroomSize)
	}
}
