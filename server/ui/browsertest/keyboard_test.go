package browsertest

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// focused tells what has the focus, and whether one sees it.
const focused = `(() => {
	const e = document.activeElement;
	if (e === document.body) return '';
	const seen = (x) => { const s = getComputedStyle(x); return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0; };
	const around = [e, e.closest('.editor'), e.closest('.feel'), e.closest('label.button')].filter(Boolean);
	const shown = around.some(seen) || getComputedStyle(e, '::after').outlineStyle !== 'none';
	return (shown ? '' : 'unseen ') + (e.getAttribute('aria-label') || [...(e.labels ?? [])].map((l) => l.innerText).join() || e.innerText || e.tagName).trim();
})()`

// TestKeyboard goes where the mouse goes, without it.
func TestKeyboard(t *testing.T) {
	s := newSite(t)
	s.furnish()
	p := s.newPage(wide)
	p.open("#/templates")
	p.see(".card", "Order state")
	p.press(kb.Tab)
	if got := ask[string](p, focused); got != "Skip to the content" {
		t.Errorf("first comes %q, want the skip link", got)
	}
	p.press(kb.Enter)
	if got := ask[string](p, `document.activeElement.id`); got != "main" {
		t.Errorf("the skip link leads to %q", got)
	}
	p.tabTo("New template", "Search", "Protocol", "Element", "Tag", "Engine", "Source", "Exchange rate")
	p.press(kb.Enter) // opens the template
	p.see("h1", "Exchange rate")
	if got := ask[string](p, `document.activeElement.id`); got != "main" {
		t.Errorf("a new view leaves the focus at %q", got)
	}
	p.see("a", "Documentation")
	p.tabTo("Catalog", "Documentation", "Version", "New version", "Form and trial")
	p.press(kb.ArrowRight)
	p.see("[role=tabpanel]:not([hidden])", "frankfurter")
	p.press(kb.ArrowLeft)
	p.tabUntil("To *")
	p.do(chromedp.KeyEvent("USD"))
	p.tabUntil("Run")
	p.press(kb.Enter)
	p.see(".trace", "Outcome")
	for range 60 { // the focus is seen wherever it goes
		p.press(kb.Tab)
		if got := ask[string](p, focused); strings.HasPrefix(got, "unseen") {
			t.Errorf("the focus is not to be seen at %q", got)
		}
	}
	p.open("#/templates/acme.order/1?tab=versions")
	p.see("td", "published")
	p.tabUntil("Deprecate")
	p.press(kb.Enter)
	p.see("dialog", "Deprecate")
	p.press(kb.Escape)
	p.until(`document.querySelector('dialog') === null`)
	if got := ask[string](p, focused); got != "Deprecate" {
		t.Errorf("after Escape the focus is at %q", got)
	}
}

// TestKeyboardEvent makes up an event without the mouse.
func TestKeyboardEvent(t *testing.T) {
	s := newSite(t)
	p := s.newPage(wide)
	p.open("#/templates/patchbay.webhook.start/1")
	p.see(".try", "What comes in")
	p.fill("Path", "orders")
	p.tabUntil("Method")
	p.tabUntil("Headers")
	p.press(kb.Enter)
	p.tabUntil("Add a header")
	p.press(kb.Enter)
	if got := ask[string](p, focused); got != "Name of the header" {
		t.Errorf("a new header leaves the focus at %q", got)
	}
	p.do(chromedp.KeyEvent("X-Id"))
	p.tabTo("Value of the header")
	p.do(chromedp.KeyEvent("d-1"))
	p.tabTo("Remove this header", "Add a header", "Query parameters", "Body")
	p.run()
	p.see(".summary", "accepted")
	p.tabTo("Sign as the sender would", "Secrets of the trial", "Run", "Properties", "Event")
	p.press(kb.Enter)
	p.see(".trace", `"x-id": "d-1"`)
}

// tabTo presses Tab for each of the names, which must come in this order.
func (p *page) tabTo(names ...string) {
	p.Helper()
	for _, name := range names {
		p.press(kb.Tab)
		if got := ask[string](p, focused); got != name {
			p.Fatalf("Tab leads to %q, want %q", got, name)
		}
	}
}

// tabUntil presses Tab until a name has the focus.
func (p *page) tabUntil(name string) {
	p.Helper()
	for range 80 {
		if ask[string](p, focused) == name {
			return
		}
		p.press(kb.Tab)
	}
	p.Fatalf("no Tab leads to %q", name)
}
