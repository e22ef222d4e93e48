package browsertest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/go-chi/chi/v5"

	"patchbay/server"
	"patchbay/server/cli/clitest"
	"patchbay/server/ui"
)

func TestMain(m *testing.M) { clitest.Main(m) }

// patience is how long a page may take for one step.
const patience = 20 * time.Second

// site is a server with something to look at: templates, an outbound connector
// that was called, an inbound one that waits.
type site struct {
	*testing.T
	*server.Server
	url string
	// shop is a service that connectors call.
	shop *httptest.Server
}

// newSite starts a server; change may set what it needs.
func newSite(t *testing.T, change ...func(*server.Config)) *site {
	t.Helper()
	if browser() == "" {
		t.Skip("PATCHBAY_BROWSER names no browser")
	}
	own := func(c *server.Config) { c.SecretNames, c.AllowLoopback, c.CallBodies = "any", true, true }
	s := clitest.Start(t, append([]func(*server.Config){own}, change...)...)
	return &site{T: t, Server: s, url: "http://" + s.Address(), shop: newShop(t)}
}

// newShop is a service with one order.
func newShop(t *testing.T) *httptest.Server {
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.Contains(r.URL.Path, "missing") {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"error":"no such order"}`)
			return
		}
		fmt.Fprint(w, `{"id":4711,"state":"shipped","items":[{"name":"Cable","price":4.5},{"name":"Plug","price":12}]}`)
	}))
	t.Cleanup(shop.Close)
	return shop
}

// post sends JSON to the API and returns the answer's status and text.
func (s *site) post(path, mediaType, body string) (int, string) {
	s.Helper()
	resp, err := http.Post(s.url+path, mediaType, strings.NewReader(body)) //nolint:noctx // a test's
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func (s *site) publish(template string) {
	s.Helper()
	if status, text := s.post("/api/v1/templates", "application/json", template); status != http.StatusCreated {
		s.Fatalf("publish: %d %s", status, text)
	}
}

func (s *site) deploy(name, text string) {
	s.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("resources", name)
	if err != nil {
		s.Fatal(err)
	}
	fmt.Fprint(part, text)
	if err := form.Close(); err != nil {
		s.Fatal(err)
	}
	if status, answer := s.post("/api/v1/deployments", form.FormDataContentType(), body.String()); status != http.StatusOK && status != http.StatusCreated {
		s.Fatalf("deploy: %d %s", status, answer)
	}
}

// newFake is a site with the UI and an API of the test's own.
func newFake(t *testing.T, mount func(chi.Router)) *site {
	t.Helper()
	if browser() == "" {
		t.Skip("PATCHBAY_BROWSER names no browser")
	}
	r := chi.NewRouter()
	ui.Mount(r)
	mount(r)
	web := httptest.NewServer(r)
	t.Cleanup(web.Close)
	return &site{T: t, url: web.URL}
}

func browser() string { return os.Getenv("PATCHBAY_BROWSER") }

// page is a tab of the browser. What goes wrong in it fails the test.
type page struct {
	*site
	ctx context.Context

	mu       sync.Mutex
	problems []string
	// expected is part of a problem that the test provokes.
	expected string
}

// look is how a page is looked at.
type look struct {
	name          string
	width, height int64
	dark          bool
}

var (
	wide   = look{"light", 1360, 900, false}
	dark   = look{"dark", 1360, 900, true}
	narrow = look{"narrow", 360, 740, false}
)

// newPage opens a tab.
func (s *site) newPage(l look) *page {
	s.Helper()
	p := &page{site: s}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), chromedp.ExecPath(browser()), chromedp.UserDataDir(s.TempDir()),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true))
	s.Cleanup(stop)
	tab, closeTab := chromedp.NewContext(ctx, chromedp.WithListener(p.hear))
	s.Cleanup(closeTab)
	p.ctx = tab
	if err := chromedp.Do(tab, command(network.Enable, network.EnableParams{}), command(log.Enable, cdp.Empty{})); err != nil {
		s.Fatalf("start the browser: %v", err)
	}
	p.view(l)
	s.Cleanup(p.check)
	return p
}

// command is a command of the browser's protocol as an action.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// view sets size and colours.
func (p *page) view(l look) {
	p.Helper()
	scheme := "light"
	if l.dark {
		scheme = "dark"
	}
	p.do(chromedp.EmulateViewport(l.width, l.height), command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}))
}

// hear collects what a page must not do: throw, break its policy, ask other
// sites, write to the console.
func (p *page) hear(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			text += " " + x.Description
		}
		p.complain("exception: " + text)
	case *runtime.EventConsoleAPICalled:
		for _, a := range e.Args {
			p.complain(fmt.Sprintf("console.%s: %s %s", e.Type, a.Value, a.Description))
		}
	case *log.EventEntryAdded:
		p.complain(fmt.Sprintf("%s %s: %s %s", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL))
	case *network.EventRequestWillBeSent:
		if u := e.Request.URL; !strings.HasPrefix(u, p.url+"/") && !strings.HasPrefix(u, "data:") && !strings.HasPrefix(u, "about:") {
			p.complain("request to another site: " + u)
		}
	}
}

func (p *page) complain(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.expected == "" || !strings.Contains(text, p.expected) {
		p.problems = append(p.problems, text)
	}
}

// expect lets problems pass that hold a text.
func (p *page) expect(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expected = text
}

func (p *page) check() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, text := range p.problems {
		p.Errorf("the page: %s", text)
	}
}

// do runs actions; the test ends when one does not succeed in time.
func (p *page) do(actions ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.fail(err)
	}
}

// ask returns what an expression of JavaScript yields.
func ask[T any](p *page, expression string) T {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	result, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.fail(err)
	}
	return result
}

// until waits until an expression of JavaScript is true.
func (p *page) until(expression string) {
	p.Helper()
	for end := time.Now().Add(patience); !ask[bool](p, expression); {
		if time.Now().After(end) {
			p.fail(fmt.Errorf("this never became true: %s", expression))
		}
		time.Sleep(20 * time.Millisecond) // the page is another process
	}
}

// fail keeps a picture of what went wrong and ends the test.
func (p *page) fail(err error) {
	p.Helper()
	p.shoot("failed-" + strings.ReplaceAll(p.Name(), "/", "-"))
	p.Fatalf("the browser: %v", err)
}
