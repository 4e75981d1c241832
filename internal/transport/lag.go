package transport

import "recado"

// lagShare is which part of a queue may be full before those who publish let it become shorter.
const lagShare = 4

// counted is how much of the queue is in use.
func (o *outgoing) counted() int { return o.waiting - o.asked }

// noteLag tells the room when the session begins to lag, and when it has caught up, unless it is to miss messages then.
// One that has ended is to be waited for no more: it may be waiting itself, and cannot leave the room before that.
func (s *session) noteLag() {
	lags := s.out.end == nil && s.out.counted() > s.limits.Queue/lagShare
	if lags == s.out.lags {
		return
	}
	s.out.lags = lags
	if s.joined() && s.limits.QueuePolicy(s.member.Room()) == recado.Disconnect {
		s.member.Lag(lags)
	}
}
