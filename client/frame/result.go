package frame

import "fmt"

// Result is a result code as it travels in the handshake: one signed byte.
type Result int8

// The result codes a daemon sends.
const (
	Accept            Result = 1
	RejectQuota       Result = -3
	RejectNoName      Result = -4
	RejectIllegalName Result = -5
	RejectNotUnique   Result = -6
	RejectVersion     Result = -7
	RejectAuth        Result = -9
)

var resultText = map[Result]string{
	Accept:            "session accepted",
	RejectQuota:       "daemon has its maximum of sessions",
	RejectNoName:      "no private name given",
	RejectIllegalName: "illegal private name",
	RejectNotUnique:   "private name in use",
	RejectVersion:     "version too old",
	RejectAuth:        "authentication or access refused",
}

func (r Result) Error() string {
	if text, ok := resultText[r]; ok {
		return "frame: " + text
	}
	return fmt.Sprintf("frame: result code %d", int8(r))
}
