package browsertest

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"patchbay/server"
)

// TestAuthor walks from a curl command to a template in the catalog.
func TestAuthor(t *testing.T) {
	s := newSite(t)
	p := s.newPage(wide)
	p.open("#/new")
	p.fill("curl command", `curl '`+s.shop.URL+`/orders?state=open' -H 'Accept: application/json' -H 'X-Api-Key: 0123456789abcdef' --data '{"id": 4711}'`)
	p.click("Make a template")
	p.see("[aria-label=Findings]", "finding")
	p.shoot("walk-1-curl")
	text := ask[string](p, `document.querySelector('[aria-label="Template, JSON"]').value`)
	if strings.Contains(text, "0123456789abcdef") {
		t.Errorf("the key is in the template: %s", text)
	}
	p.see(".form", "complete")
	p.click("Run")
	p.see(".summary", "completed") // by the case that comes with the template
	if secret := ask[string](p, `document.querySelector('.secrets input[type=password]').value`); secret == "" ||
		strings.Contains(ask[string](p, `document.querySelector('.trace').textContent`), secret) {
		t.Errorf("the secret %q of the trial is in its trace", secret)
	}
	p.shoot("walk-2-example")
	p.click("Remove this stub")
	p.click("Run")
	p.see(".summary", "no stub answers POST")
	p.click("Answer this request with a stub")
	p.fill("Body of the answer", `{"order": {"id": 4711}}`)
	p.run()
	p.see(".summary", "completed")
	p.see(".trace", `"response": {`)
	p.shoot("walk-3-tried")
	p.click("Publish")
	p.see(".box.good", "Published")
	p.click("use it in a process")
	p.see(".use", "patchbay deploy process.bpmn")
	p.see("[role=tab]", "Versions (1)")
	p.shoot("walk-4-published")
	name := ask[string](p, `document.querySelector('main h1').innerText`)
	p.click("Catalog")
	p.see(".card", name)
}

// TestTrial runs a published template against the network, and sees what its
// expressions say.
func TestTrial(t *testing.T) {
	s := newSite(t)
	p := s.newPage(wide)
	p.open("#/templates/patchbay.rest/1")
	p.see(".form", "1 value to mend")
	p.fill("URL", s.shop.URL+"/orders/4711")
	p.see(".form", "complete")
	p.fill("Result expression", `{order: .body.id, first: .body.items[0].name}`)
	p.click("The network, as connectors may reach it")
	p.click("Run")
	p.see(".trace", "completed")
	p.see(".trace", `"first": "Cable"`)
	p.shoot("trial-network")
	p.fill("Result expression", ".body.st") // completed from what the trial has seen
	p.see("[role=option][aria-selected=true]", "state")
	p.shoot("trial-completion")
	p.press(kb.Tab)
	p.until(`document.activeElement.value === '.body.state'`)
	p.fill("URL", s.shop.URL+"/missing")
	p.fill("Error expression", `if $error.code == "404" then bpmnError("GONE"; "no such order") else empty end`)
	p.run()
	p.see(".trace", "GONE")
	p.shoot("trial-error")
}

// TestForm follows the conditions, constraints and expressions of a form.
func TestForm(t *testing.T) {
	s := newSite(t)
	p := s.newPage(wide)
	p.open("#/templates/patchbay.rest/1")
	p.see(".form", "Method")
	p.choose("Type", "bearer")
	p.see("[data-key='authentication.token'] label", "Token")
	p.choose("Type", "noAuth")
	p.until(`!document.querySelector("[data-key='authentication.token']")`)
	p.fill("URL", "no address")
	p.see(".problem", "http")
	p.click("FEEL expression for URL")
	p.see("[data-key=url] .feel", "=")
	p.until(`document.activeElement.value === '"no address"'`)
	p.fill("URL, FEEL expression", `base + "/orders"`)
	p.until(`!document.querySelector('.form').innerText.includes('http://') && document.activeElement.value === 'base + "/orders"'`)
	p.shoot("form-expression")
	p.fill("Result expression", "{a: ")
	p.until(`document.activeElement.value === '{a: '`)
	ask[bool](p, `(window.kept = document.activeElement, document.activeElement.setSelectionRange(1, 1), true)`)
	p.press("x")
	p.choose("Type", "basic")
	p.see("[data-key='authentication.username'] label", "User name")
	if !ask[bool](p, `window.kept.isConnected && window.kept.value === '{xa: '`) {
		t.Error("a field was made anew though nothing has changed in it")
	}
}

// TestPlayground evaluates, completes and shows where an error is.
func TestPlayground(t *testing.T) {
	s := newSite(t)
	p := s.newPage(wide)
	p.open("#/playground")
	const expression = "Expression, FEEL when it begins with =, else jq"
	p.fill(expression, ".body.items | map(.")
	p.press("p")
	p.see("[role=option][aria-selected=true]", "price")
	p.shoot("playground-completion")
	p.press(kb.Tab, ")")
	p.see(".answer", "4.5")
	p.fill(expression, "=sum(body.items.price")
	p.see(".answer", "Line 1, column")
	p.see(".copy", "=sum")
	p.shoot("playground-error")
	p.fill(expression, "=body.nothing")
	p.see(".answer", "Warnings")
	p.fill("Context, JSON", `{"big": 12345678901234567890}`)
	p.fill(expression, ".big")
	p.see(".answer", "12345678901234567890")
	p.fill("Context, JSON", `{"big": `)
	p.see(".answer", "The context is no JSON")
}

// TestToken asks for a token once, and tells who may not.
func TestToken(t *testing.T) {
	const reader, admin = "reader-reader-reader", "admin-admin-admin-admin"
	s := newSite(t, func(c *server.Config) { c.ReadToken, c.APIToken = []string{reader}, []string{admin} })
	p := s.newPage(wide)
	p.expect("status of 40") // the browser tells of 401 and 403
	p.open("#/templates")
	p.see("dialog", "Token needed")
	p.shoot("token")
	p.fill("Token", "wrong-wrong-wrong-wrong")
	p.press(kb.Enter)
	p.see("dialog", "Token needed")
	p.fill("Token", reader)
	p.press(kb.Enter)
	p.see(".card", "REST call")
	p.open("#/new")
	p.fill("Template, JSON", templatesForViews)
	p.until(`[...document.querySelectorAll('button')].some((b) => b.innerText === 'Publish' && !b.disabled)`)
	p.click("Publish")
	p.see("[role=alert]", "Not allowed")
	p.see("[role=alert]", "read")
	p.shoot("not-allowed")
	p.click("Forget the token")
	p.see("dialog", "Token needed")
}

// TestConflict changes a template that is published, and is told what to do.
func TestConflict(t *testing.T) {
	s := newSite(t)
	one := strings.SplitN(strings.TrimPrefix(templatesForViews, "["), "]},", 2)[0] + "]}"
	s.publish(one)
	p := s.newPage(wide)
	p.expect("status of 409")
	p.open("#/new")
	p.fill("Template, JSON", strings.Replace(one, "Order state", "State of an order", 1))
	p.see(".form", "complete")
	p.click("Publish")
	p.see("[role=alert]", `/name: "Order state" was published, this has "State of an order"`)
	p.shoot("conflict")
	p.click("Raise the version")
	p.until(`document.querySelector('[aria-label="Template, JSON"]').value.includes('"version": 2')`)
	p.click("Publish")
	p.see(".box.good", "version 2")
}
