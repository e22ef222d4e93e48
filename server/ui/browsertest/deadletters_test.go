package browsertest

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/go-chi/chi/v5"
)

// letters is an API with dead letters and nothing else.
type letters struct {
	mu   sync.Mutex
	ids  []string
	seen []string // what was asked for
}

func (l *letters) list(w http.ResponseWriter, _ *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprint(w, `{"items":[`)
	for i, id := range l.ids {
		if i > 0 {
			fmt.Fprint(w, ",")
		}
		fmt.Fprintf(w, `{"id":%q,"executable":"x","type":"patchbay:amqp:1","timestamp":"2026-01-02T03:04:05Z","bpmnProcessId":"orders","elementId":"order-%[1]s",
			"replays":1,"source":"amqp://broker/orders","messageId":"m-%[1]s","code":"INVALID_ARGUMENT","reason":"no correlation key","content":{"body":{"id":%[1]s}}}`, id)
	}
	fmt.Fprint(w, `]}`)
}

func (l *letters) act(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	id := chi.URLParam(r, "id")
	l.seen = append(l.seen, r.Method+" "+id)
	if id == "2" && r.Method == http.MethodPost {
		w.WriteHeader(http.StatusConflict)
		fmt.Fprint(w, `{"title":"Conflict","status":409,"detail":"still no correlation key"}`)
		return
	}
	l.ids = slices.DeleteFunc(l.ids, func(other string) bool { return other == id })
	w.WriteHeader(http.StatusNoContent)
}

// TestDeadLetters replays a message, sees another fail again, and discards it.
func TestDeadLetters(t *testing.T) {
	l := &letters{ids: []string{"1", "2"}}
	p := newFake(t, func(r chi.Router) {
		r.Get("/api/v1/dead-letters", l.list)
		r.Post("/api/v1/dead-letters/{id}/replay", l.act)
		r.Delete("/api/v1/dead-letters/{id}", l.act)
	}).newPage(wide)
	p.expect("status of 409")
	p.open("#/dead-letters")
	p.see("[role=status]", "2 messages")
	p.shoot("dead-letters")
	p.click("Replay the message for order-1")
	p.see("[role=status]", "1 message")
	p.click("Replay the message for order-2")
	p.see("[role=alert]", "still no correlation key")
	p.click("Discard the message for order-2")
	p.see("dialog", "dropped for good")
	p.clickOn(`document.querySelector('dialog button.primary')`)
	p.see("[role=status]", "There are none.")
	if want := []string{"POST 1", "POST 2", "DELETE 2"}; !slices.Equal(l.seen, want) {
		t.Errorf("asked for %q, want %q", l.seen, want)
	}
}
