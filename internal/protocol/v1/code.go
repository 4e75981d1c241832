package v1

// The codes of an [Error]. They never change; docs/protocol.md explains them.
const (
	CodeBadJSON         = "bad_json"         // not a JSON object
	CodeBadField        = "bad_field"        // a field has the wrong JSON type, or is missing
	CodeUnknownType     = "unknown_type"     // no command of recado.v1
	CodePublishInvalid  = "publish_invalid"  // not exactly one of text, json and base64
	CodeIDInvalid       = "id_invalid"       // of a publish or a history
	CodeEventInvalid    = "event_invalid"    // of a publish
	CodeBase64Invalid   = "base64_invalid"   // not of the standard alphabet, or not padded
	CodeSessionInvalid  = "session_invalid"  // too short, too long, or of other characters
	CodePositionInvalid = "position_invalid" // no position, or in a history one of another epoch
	CodeHistoryInvalid  = "history_invalid"  // a negative number of messages

	// What only a server knows: a decoder does not return these.

	CodeNameInvalid   = "name_invalid"      // nothing of it can be seen, or it is too long
	CodeMessageTooBig = "message_too_big"   // it was not published
	CodeHelloRepeated = "hello_repeated"    // there was one on this connection
	CodeRateLimited   = "rate_limited"      // the server reads more slowly; nothing is lost
	CodeRoomForbidden = "room_forbidden"    // the token does not give the right
	CodeAuthInvalid   = "auth_invalid"      // of an auth; the token of before still holds
	CodeAuthExpired   = "auth_expired"      // likewise
	CodeAuthLimited   = "auth_rate_limited" // likewise: too many were wrong
)
