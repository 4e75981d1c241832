package transport

import (
	"fmt"
	"runtime/debug"

	"recado"
)

// survive, deferred, makes a panic the end of this session and of nothing else. It stands on every goroutine that
// does something for a session, above the locks that it takes.
func (s *session) survive() {
	if p := recover(); p != nil {
		s.panicked(p)
	}
}

// guard is f, which survives.
func (s *session) guard(f func()) {
	defer s.survive()
	f()
}

// unlock runs f with out.mu, which is held, and releases it.
func (s *session) unlock(f func()) {
	defer s.survive()
	defer s.out.mu.Unlock()
	f()
}

// panicked logs the panic and ends the session: what it was about to send may be half done.
func (s *session) panicked(p any) {
	s.transport.log.Error("session panicked", s.named("panic", p, "stack", string(debug.Stack()))...)
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	s.fail(recado.CloseInternal, fmt.Sprintf("panic: %v", p))
}

// recoverInto makes a panic in reading, where nothing is half sent, an error that the client is told of.
func (s *session) recoverInto(err *error) {
	if p := recover(); p != nil {
		s.transport.log.Error("session panicked", s.named("panic", p, "stack", string(debug.Stack()))...)
		*err = failf(recado.CloseInternal, "panic: %v", p)
	}
}

// abandon undoes what has been done for a session that does not come to be. The caller does not hold out.mu.
func (s *session) abandon() {
	s.out.mu.Lock()
	s.out.end, s.out.broken = &ending{code: recado.CloseAbnormal}, true
	s.out.mu.Unlock()
	if s.joined() {
		s.member.Leave(false)
	}
	if s.link == nil {
		return
	}
	s.transport.roster.remove(s)
	s.link.close(false)
	if s.gone != nil {
		s.gone()
	}
	s.transport.clients.Add(-1)
	s.transport.observer.Disconnected(s.protocol(), recado.CloseAbnormal)
}
