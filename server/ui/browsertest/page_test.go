package browsertest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// open shows a view anew.
func (p *page) open(hash string) {
	p.Helper()
	if !ask[bool](p, fmt.Sprintf(`location.href.startsWith(%q)`, p.url+"/ui/")) {
		p.do(chromedp.Navigate(p.url+"/ui/"+hash), chromedp.WaitVisible("main h1"))
		return
	}
	ask[bool](p, fmt.Sprintf(`(() => {
		document.querySelector('main > *')?.setAttribute('data-old', '');
		if (location.hash === %[1]q) dispatchEvent(new Event('hashchange'));
		else location.hash = %[1]q;
		return true;
	})()`, hash))
	p.until(`!document.querySelector('main > [data-old]') && document.querySelector('main h1')?.checkVisibility() === true`)
}

// see waits until a text is visible in an element that a selector finds.
func (p *page) see(selector, text string) {
	p.Helper()
	p.until(fmt.Sprintf(`[...document.querySelectorAll(%q)].some((e) => e.checkVisibility() && (e.innerText ?? e.textContent).includes(%q))`, selector, text))
}

// click clicks the first button, link, summary or label of that name.
func (p *page) click(name string) {
	p.Helper()
	p.clickOn(fmt.Sprintf(`[...document.querySelectorAll('button, a, summary, label')].find((e) => e.checkVisibility() && (e.getAttribute('aria-label') ?? e.innerText).trim() === %q)`, name))
}

// clickOn clicks where an expression says that an element is.
func (p *page) clickOn(expression string) {
	p.Helper()
	p.until(fmt.Sprintf(`Boolean(%s)`, expression))
	place := fmt.Sprintf(`(() => { const e = %s; e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`, expression)
	at := ask[[]float64](p, place)
	for { // answers of the server may still move it
		time.Sleep(50 * time.Millisecond)
		again := ask[[]float64](p, place)
		if slices.Equal(at, again) {
			break
		}
		at = again
	}
	p.do(chromedp.MouseClickXY(at[0], at[1]))
}

// fill writes a text into the field with that label, in place of what it holds.
func (p *page) fill(label, text string) {
	p.Helper()
	p.focus(label)
	ask[bool](p, `(document.activeElement.select?.(), true)`)
	p.do(command(input.InsertText, input.InsertTextParams{Text: text}))
	if text == "" {
		p.press(kb.Backspace)
	}
}

// focus puts the focus on the field with that label.
func (p *page) focus(label string) {
	p.Helper()
	p.until(fmt.Sprintf(`(() => {
		const named = (e) => (e.getAttribute('aria-label') ?? [...(e.labels ?? [])].map((l) => l.innerText).join(' ')).replace(' *', '').trim();
		const field = [...document.querySelectorAll('input, select, textarea')].find((e) => e.checkVisibility() && named(e) === %q);
		field?.focus();
		return field !== undefined && document.activeElement === field;
	})()`, label))
}

// choose takes an option of the drop-down with that label.
func (p *page) choose(label, value string) {
	p.Helper()
	p.focus(label)
	ask[bool](p, fmt.Sprintf(`(document.activeElement.value = %q, document.activeElement.dispatchEvent(new Event('change', {bubbles: true})), true)`, value))
}

// press presses keys: names of package kb, or characters.
func (p *page) press(keys ...string) {
	p.Helper()
	for _, key := range keys {
		p.do(chromedp.KeyEvent(key))
	}
}

// run presses Ctrl+Enter.
func (p *page) run() {
	p.Helper()
	p.do(chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
}

// shoot keeps a picture of the whole page.
func (p *page) shoot(name string) {
	p.Helper()
	folder := os.Getenv("PATCHBAY_SCREENSHOTS")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "build", "screenshots")
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	_, _ = chromedp.Run(ctx, chromedp.Evaluate[bool](`(scrollTo(0, 0), true)`)) // what sticks to the window stays at its top
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		p.Errorf("take a picture of %s: %v", name, err)
		return
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, strings.ToLower(name)+".png"), picture, 0o644); err != nil {
		p.Error(err)
	}
}
