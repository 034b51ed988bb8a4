package dashboard

import (
	"bytes"
	"context"
	"encoding/json"
	"sync"
	"time"
)

// lookPeriod is how often sessions are looked at: with the way to the browser a change is on the screen within 250 ms.
const lookPeriod = 100 * time.Millisecond

// hub has what all pages show, and wakes them when it changes.
type hub struct {
	mu       sync.Mutex
	changed  chan struct{} // closed and replaced when something changed
	version  uint64        // counts changes
	parts    map[string]part
	watchers map[*page]struct{}
}

// part is JSON of one name, and the version of the hub at which it last changed.
type part struct {
	version uint64
	text    []byte
}

func newHub() *hub {
	return &hub{changed: make(chan struct{}), parts: map[string]part{}, watchers: map[*page]struct{}{}}
}

// set changes a part; if it is what it was, nobody is woken.
func (h *hub) set(name string, text []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if bytes.Equal(h.parts[name].text, text) {
		return
	}
	h.version++
	h.parts[name] = part{h.version, text}
	h.wake()
}

// happened wakes the pages: there is a new second.
func (h *hub) happened() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.wake()
}

func (h *hub) wake() {
	close(h.changed)
	h.changed = make(chan struct{})
}

// since gives what changed after a version, the version now, and a channel that is closed at the next change.
func (h *hub) since(version uint64) (parts map[string]json.RawMessage, now uint64, next <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for name, p := range h.parts {
		if p.version > version {
			if parts == nil {
				parts = map[string]json.RawMessage{}
			}
			parts[name] = p.text
		}
	}
	return parts, h.version, h.changed
}

func (h *hub) add(p *page) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watchers[p] = struct{}{}
}

func (h *hub) remove(p *page) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.watchers, p)
}

// watcher is somebody who watches now; nil if nobody does.
func (h *hub) watcher() Account {
	h.mu.Lock()
	defer h.mu.Unlock()
	for p := range h.watchers {
		return p.account
	}
	return nil
}

// Run keeps the figures of the page until ctx ends. While nobody watches it only notes each second of the log.
func (s *Server) Run(ctx context.Context) {
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() { s.readSections(ctx) })
	looks, seconds := time.NewTicker(lookPeriod), time.NewTicker(time.Second)
	defer looks.Stop()
	defer seconds.Stop()
	s.recorder.note(time.Now())
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-seconds.C:
			s.recorder.note(now)
			s.hub.happened()
		case <-looks.C:
			if s.hub.watcher() == nil {
				continue
			}
			if text, err := json.Marshal(s.looked()); err == nil { // it has only numbers and texts: it is always well
				s.hub.set("now", text)
			}
		}
	}
}
