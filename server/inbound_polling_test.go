package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"patchbay/server"
)

// shop is a foreign API that is polled: payments by the id of an order, and a
// list of orders that goes on after a cursor.
type shop struct {
	url string

	mu     sync.Mutex
	paid   map[string]int
	orders []string
	after  []string // the cursors that were asked for
	asked  map[string]int
}

func openShop(t *testing.T) *shop {
	s := &shop{paid: map[string]int{}, asked: map[string]int{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if id, ok := strings.CutPrefix(r.URL.Path, "/payments/"); ok {
		s.asked[id]++
		_ = json.NewEncoder(w).Encode(map[string]any{"order": id, "amount": s.paid[id]})
		return
	}
	after := r.URL.Query().Get("after")
	s.after = append(s.after, after)
	page := s.orders[slices.Index(s.orders, after)+1:]
	_ = json.NewEncoder(w).Encode(map[string]any{"orders": page[:min(2, len(page))], "more": len(page) > 2})
}

func (s *shop) pay(id string, amount int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paid[id] = amount
}

func (s *shop) order(ids ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders = append(s.orders, ids...)
}

// polls is how often the payment of an order was asked for.
func (s *shop) polls(id string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[id]
}

// cursors are those that lists were asked for with, each once.
func (s *shop) cursors() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Compact(slices.Clone(s.after))
}

// payment polls for the payment of the order that an instance waits for.
func (s *shop) payment() string {
	return poll(`="`+s.url+`/payments/" + id`, "activationCondition", ".body.amount > 0", "consumeUnmatchedEvents", "true",
		"correlationKeyExpression", ".body.order", "resultExpression", "{got: .body.amount}")
}

// Each instance that waits at a polled element is asked for by itself, and only
// as long as it waits.
func TestPollingForWaitingInstances(t *testing.T) {
	s := openShop(t)
	n := startNode(t, server.Config{AllowLoopback: true})
	for id, xml := range map[string]string{
		"catch":   process("catch", []string{plainStart, catchEvent("poll", "catch", s.payment())}),
		"receive": process("receive", []string{plainStart, receiveTask("poll", "receive", s.payment())}),
		"boundary": process("boundary", []string{plainStart, receiveTask("never", "never", "")},
			sequence("b", `<bpmn:boundaryEvent id="poll" attachedToRef="never">`+s.payment()+onMessage("boundary")+`</bpmn:boundaryEvent>`)),
	} {
		t.Run(id, func(t *testing.T) { testPayments(&node{T: t, Server: n.Server, url: n.url}, s, id, xml) })
	}
}

func testPayments(n *node, s *shop, id, xml string) {
	first, second := id+"-1", id+"-2"
	deploy(n.T, n.EngineAddress(), xml)
	n.await(id, "poll@1 active")
	for _, order := range []string{first, second} {
		create(n.T, n.EngineAddress(), id, fmt.Sprintf(`{"id": %q}`, order))
	}
	n.eventually(func() bool { return s.polls(first) > 0 && s.polls(second) > 0 }, func() string { return "nobody asks for the payments" })
	s.pay(second, 7)
	awaitInstances(n.T, n.url, id, "ACTIVE <nil>", "COMPLETED 7")
	s.pay(first, 5)
	awaitInstances(n.T, n.url, id, "COMPLETED 5", "COMPLETED 7")
}

// orderList starts an instance for each new order.
func (s *shop) orderList(more ...string) string {
	return process("list", []string{startEvent("poll", poll(s.url+"/orders", append(more, "queryParameters", `={"after": cursor}`, "itemsExpression", ".body.orders",
		"itemIdExpression", ".item", "cursorExpression", ".items[-1]", "moreExpression", ".body.more", "resultExpression", "{got: .item}")...))})
}

// A polled list starts an instance for each item, once, and goes on where it was
// after a restart and in a new version with other properties.
func TestPollingForItems(t *testing.T) {
	s := openShop(t)
	s.order("a", "b", "c", "d", "e")
	cluster := startCluster(t)
	n := startNode(t, server.Config{Gateway: cluster.gateway, ProxyListen: "127.0.0.1:0", AllowLoopback: true})
	deploy(t, n.ProxyAddress(), s.orderList())
	awaitInstances(t, cluster.rest, "list", "COMPLETED a", "COMPLETED b", "COMPLETED c", "COMPLETED d", "COMPLETED e")
	n.eventually(func() bool { return slices.Contains(s.cursors(), "e") }, func() string { return fmt.Sprint(s.cursors()) })
	n = n.restart()
	s.order("f")
	awaitInstances(t, cluster.rest, "list", "COMPLETED a", "COMPLETED b", "COMPLETED c", "COMPLETED d", "COMPLETED e", "COMPLETED f")
	n.eventually(func() bool { return slices.Contains(s.cursors(), "f") }, func() string { return fmt.Sprint(s.cursors()) })
	n.upload("p.bpmn", s.orderList("readTimeoutInSeconds", "7"))
	n.await("list", "poll@2 active")
	s.order("g")
	awaitInstances(t, cluster.rest, "list", "COMPLETED a", "COMPLETED b", "COMPLETED c", "COMPLETED d", "COMPLETED e", "COMPLETED f", "COMPLETED g")
	n.eventually(func() bool { return slices.Contains(s.cursors(), "g") }, func() string { return fmt.Sprint(s.cursors()) })
	if got, want := strings.Join(s.cursors(), ","), ",b,d,e,f,g"; got != want {
		t.Errorf("asked after %q, want %q", got, want)
	}
}

// While the gateway is away no item is lost: the cursor stays, and the item
// starts when the gateway is back.
func TestPollingWhileTheGatewayIsAway(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	cluster := startCluster(t)
	n := startNode(t, server.Config{Gateway: cluster.gateway, ProxyListen: "127.0.0.1:0", AllowLoopback: true})
	deploy(t, n.ProxyAddress(), s.orderList())
	n.await("list", "poll@1 active")
	cluster.away()
	s.order("a", "b")
	n.noted("list", "failed: start process")
	cluster.back()
	awaitInstances(t, cluster.rest, "list", "COMPLETED a", "COMPLETED b")
}
