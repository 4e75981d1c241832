package v1

// AppendCommand appends a frame of a client's. Content of kind JSON must be valid.
func AppendCommand(dst []byte, c Command) []byte {
	switch c := c.(type) {
	case Hello:
		dst = append(dst, `{"type":"hello"`...)
		dst = appendText(dst, `,"name":`, c.Name)
		dst = appendText(dst, `,"token":`, c.Token)
		dst = appendText(dst, `,"session":`, c.Session)
		dst = appendPosition(dst, `,"since":`, c.Since)
		dst = appendNumber(dst, `,"history":`, c.History)
		dst = appendTrue(dst, `,"echo":`, c.Echo)
	case Publish:
		dst = append(dst, `{"type":"publish"`...)
		dst = appendText(dst, `,"id":`, c.ID)
		dst = appendContent(dst, c.Content)
		dst = appendText(dst, `,"event":`, c.Event)
		dst = appendTrue(dst, `,"ephemeral":`, c.Ephemeral)
	case History:
		dst = append(dst, `{"type":"history"`...)
		dst = appendText(dst, `,"id":`, c.ID)
		dst = appendPosition(dst, `,"before":`, c.Before)
		dst = appendNumber(dst, `,"limit":`, c.Limit)
	case Rename:
		dst = append(dst, `{"type":"rename","name":`...)
		dst = appendString(dst, c.Name)
	case Auth:
		dst = append(dst, `{"type":"auth","token":`...)
		dst = appendString(dst, c.Token)
	case Ping:
		dst = append(dst, `{"type":"ping"`...)
	}
	return append(dst, '}')
}
