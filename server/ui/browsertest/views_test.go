package browsertest

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-chi/chi/v5"

	"patchbay/engine/zeebe"
	"patchbay/server/cli/clitest"
)

const templatesForViews = `[
  {"id": "acme.order", "name": "Order state", "version": 1, "description": "Looks up an order.", "keywords": ["orders", "shop"], "appliesTo": ["bpmn:Task"],
   "elementType": {"value": "bpmn:ServiceTask"}, "engines": {"camunda": "^8.6"}, "properties": [
   {"type": "Hidden", "value": "acme:order:1", "binding": {"type": "zeebe:taskDefinition", "property": "type"}},
   {"type": "Hidden", "value": "rest", "binding": {"type": "zeebe:taskHeader", "key": "protocol"}},
   {"type": "Hidden", "value": "https://shop.example/orders", "binding": {"type": "zeebe:input", "name": "url"}}]},
  {"id": "acme.old", "name": "Fax", "version": 3, "deprecated": {"message": "Nobody has one."}, "description": "Sends a fax.", "appliesTo": ["bpmn:Task"], "properties": []}
]`

// process is a process whose task calls a URL.
func process(id, url string) string {
	return fmt.Sprintf(`<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="t">
<bpmn:process id=%q isExecutable="true"><bpmn:startEvent id="start"/><bpmn:serviceTask id="look-up"><bpmn:extensionElements>
<zeebe:taskDefinition type="io.camunda:http-json:1" retries="1"/><zeebe:ioMapping><zeebe:input target="method" source="GET"/><zeebe:input target="url" source=%q/></zeebe:ioMapping>
</bpmn:extensionElements></bpmn:serviceTask><bpmn:sequenceFlow id="f" sourceRef="start" targetRef="look-up"/></bpmn:process></bpmn:definitions>`, id, url)
}

const webhookProcess = `<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="t">
<bpmn:process id="orders-in" name="Incoming orders" isExecutable="true"><bpmn:startEvent id="received" name="Order received"><bpmn:extensionElements><zeebe:properties>
<zeebe:property name="inbound.type" value="io.camunda:webhook:1"/><zeebe:property name="inbound.context" value="orders"/><zeebe:property name="inbound.method" value="any"/>
<zeebe:property name="inbound.auth.type" value="NONE"/><zeebe:property name="inbound.shouldValidateHmac" value="disabled"/>
</zeebe:properties></bpmn:extensionElements></bpmn:startEvent></bpmn:process></bpmn:definitions>`

// furnish gives a site something to show in every view.
func (s *site) furnish() {
	s.Helper()
	s.publish(templatesForViews)
	s.deploy("good.bpmn", process("order-state", s.shop.URL+"/orders/4711"))
	s.deploy("bad.bpmn", process("order-lost", s.shop.URL+"/missing"))
	s.deploy("in.bpmn", webhookProcess)
	c, err := zeebe.Dial(s.Context(), zeebe.Options{Address: s.EngineAddress(), Plaintext: true})
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	for _, id := range []string{"order-state", "order-lost", "order-state"} {
		if _, err := c.CreateInstance(s.Context(), zeebe.NewInstance{ProcessID: id}); err != nil {
			s.Fatal(err)
		}
	}
	clitest.Eventually(s.T, func() bool {
		status, _ := s.post("/inbound/orders", "application/json", `{"id": 1}`)
		return status == http.StatusOK
	}, func() string { return "the webhook does not answer" })
}

// TestViews looks at every view in light and dark, wide and narrow.
func TestViews(t *testing.T) {
	s := newSite(t)
	s.furnish()
	views := []struct{ name, hash, selector, text string }{
		{"catalog", "#/templates", ".card", "Order state"},
		{"template", "#/templates/patchbay.rest/1", ".group", "URL"},
		{"template-json", "#/templates/acme.order/1?tab=json", "pre.json", "acme:order:1"},
		{"template-versions", "#/templates/acme.old/3?tab=versions", "td", "deprecated"},
		{"template-use", "#/templates/acme.order/1?tab=use", ".use", "template pull .camunda/element-templates --watch --server http"},
		{"inbound-template", "#/templates/patchbay.webhook.start/1", ".try", "What comes in"},
		{"new", "#/new", "h2", "From a curl command"},
		{"playground", "#/playground", ".answer", "21"},
		{"inbound", "#/inbound", ".row-item", "/inbound/orders"},
		{"calls", "#/calls", "td", "order-lost"},
		{"dead-letters", "#/dead-letters", "h1", "Dead letters"},
	}
	p := s.newPage(wide)
	for _, l := range []look{wide, dark, narrow} {
		p.view(l)
		for _, v := range views {
			p.open(v.hash)
			p.see(v.selector, v.text)
			if over := ask[int](p, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
				t.Errorf("%s, %s: the page is %d pixels wider than the window", v.name, l.name, over)
			}
			for _, problem := range ask[[]string](p, audit) {
				t.Errorf("%s, %s: %s", v.name, l.name, problem)
			}
			p.shoot(v.name + "-" + l.name)
		}
	}
}

// TestSearch searches the catalog.
func TestSearch(t *testing.T) {
	s := newSite(t)
	s.furnish()
	p := s.newPage(wide)
	p.open("#/templates")
	p.fill("Search", "fax")
	p.see("[role=status]", "1 template")
	p.see(".card", "deprecated")
	p.fill("Search", "")
	p.choose("Tag", "shop")
	p.see("[role=status]", "1 template")
	if hash := ask[string](p, `location.hash`); !strings.Contains(hash, "tag=shop") {
		t.Errorf("the address %s does not hold the search", hash)
	}
	p.fill("Engine", "8.5")
	p.see("[role=status]", "0 templates")
}

// TestOperate pauses and resumes a connector, and finds a call that failed.
func TestOperate(t *testing.T) {
	s := newSite(t)
	s.furnish()
	p := s.newPage(wide)
	p.open("#/inbound")
	p.click("Pause Order received")
	p.see(".row-item", "paused")
	if status, _ := s.post("/inbound/orders", "application/json", `{}`); status == http.StatusOK {
		t.Error("a paused webhook answers")
	}
	p.click("Resume Order received")
	p.see(".row-item", "active")
	p.clickOn(`document.querySelector('.row-item summary')`)
	p.see(".log", "process instance created")
	p.shoot("inbound-activity")
	p.open("#/calls")
	p.see("td", "order-state")
	p.fill("Filter", "lost")
	p.until(`document.querySelectorAll('tbody tr:not(.more)').length === 1`)
	p.click("Details of the call of look-up")
	p.see(".more", "no such order")
	p.shoot("calls-details")
}

// TestServerGone tells that the server does not answer, and goes on when it does.
func TestServerGone(t *testing.T) {
	var gone atomic.Bool
	p := newFake(t, func(r chi.Router) {
		r.Get("/api/v1/calls", func(w http.ResponseWriter, _ *http.Request) {
			if gone.Load() {
				panic(http.ErrAbortHandler)
			}
			fmt.Fprint(w, `{"items":[]}`)
		})
	}).newPage(wide)
	p.expect("net::ERR_")
	p.open("#/calls")
	p.see("p", "No connector has been called")
	gone.Store(true)
	p.see("[role=alert]", "The server cannot be reached.")
	gone.Store(false)
	p.until(`document.querySelector('[role=alert]') === null`)
}
