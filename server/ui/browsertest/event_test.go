package browsertest

import "testing"

// TestEventTrial tries templates of inbound connectors with events that are made
// up in the page.
func TestEventTrial(t *testing.T) {
	s := newSite(t)
	p := s.newPage(wide)
	p.open("#/templates/patchbay.webhook.intermediate/1")
	p.see(".try", "What comes in")
	p.fill("Path", "payments")
	p.fill("Message name", "paid")
	p.fill("Key in the process, FEEL expression", "orderId")
	p.choose("Signature", "github")
	p.fill("Secrets", "{{secrets.HOOK}}")
	p.clickOn(`document.querySelector('.secrets summary')`)
	p.click("Add a secret")
	p.fill("Name of the secret", "HOOK")
	p.fill("Value of the secret", "hush-hush-hush")
	p.fill("Condition", `=request.body.state = "paid"`)
	p.fill("Key in the event", "=request.body.order")
	p.fill("Result expression", "{amount: .request.body.amount}")
	p.fill("Body", `{"state": "paid", "order": 12345678901234567890, "amount": 12.50}`)
	p.see(".form", "complete")
	p.click("Run")
	p.see(".summary", "accepted")
	p.see(".trace", "passed: signature github")
	p.see(".trace", "12345678901234567890") // no digit is lost on the way
	p.see(".trace", `"amount": 12.50`)
	p.see(".trace", "Publishes the message paid")
	p.see(".trace", "Answer to the sender 200")
	if ask[bool](p, `document.body.innerText.includes('hush-hush-hush')`) {
		t.Error("the secret is shown")
	}
	p.shoot("event-accepted")
	p.fill("Condition, FEEL expression", "request.bo") // completed from what the trial has seen
	p.see("[role=option][aria-selected=true]", "body")
	p.click("Sign as the sender would")
	p.run()
	p.see(".summary", "the signature is missing")
	p.see(".trace", "Answer to the sender 401")
	p.shoot("event-refused")
}

// TestPollTrial polls a stub with what an instance that waits knows.
func TestPollTrial(t *testing.T) {
	s := newSite(t)
	p := s.newPage(narrow)
	p.open("#/templates/patchbay.polling.intermediate/1")
	p.see(".try", "Process variables")
	p.fill("URL", `="https://shop.example/orders/" + id`)
	p.fill("Key in the event", "=body.id")
	p.fill("Process variables, a JSON object", `{"id": "A-17"}`)
	p.click("Run")
	p.see(".summary", "no stub answers GET https://shop.example/orders/A-17")
	p.click("Answer this request with a stub")
	p.fill("Body of the answer", `{"id": "A-17"}`)
	p.run()
	p.see(".trace", "correlation key")
	p.shoot("event-poll")
	p.open("#/templates/patchbay.nats.start/1")
	p.see(".try", "What comes in")
	p.fill("Servers", "nats://nats.example.com")
	p.fill("Subject", "orders")
	p.fill("Result variable", "got")
	p.see(".form", "complete")
	p.fill("Body", "plain text")
	p.run()
	p.see(".trace", "Starts an instance")
	p.see(".trace", "plain text")
	p.shoot("event-message")
}

// TestDeprecatedByAuthor shows what a template says of itself.
func TestDeprecatedByAuthor(t *testing.T) {
	s := newSite(t)
	s.publish(templatesForViews)
	p := s.newPage(wide)
	p.open("#/templates/acme.old/3")
	p.see(".form", "Deprecated by its author: Nobody has one.")
}
