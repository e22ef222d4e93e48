package enginetest

import (
	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
	"google.golang.org/grpc/codes"
)

var messageCases = []testCase{
	{name: "message catch", process: process{
		elements: []element{start("s"), catch("c", event("message", "m")), end("e")}, flows: []string{"s > c > e"}, beside: []string{message("m", "@.m", "=key")},
	}, run: func(p *play) {
		p.publish("@.m", "42", `{"n":1}`)
		p.publish("@.m", "42", `{"n":2}`)
		p.start(`{"key":42,"n":0}`)
		p.done(`{"key":42,"n":1}`)
		p.start(`{"key":"42"}`)
		p.done(`{"key":"42","n":2}`)
	}},
	{name: "message boundary", process: process{
		elements: []element{start("s"), task("t"), nonInterrupting("b", "t", event("message", "m")), task("a"), end("e"), end("e2")}, flows: []string{"s > t > e", "b > a > e2"},
		beside: []string{message("m", "@.m", "=key")},
	}, run: func(p *play) {
		p.start(`{"key":"k"}`)
		t := p.job("@.t")
		p.publish("@.m", "k", `{"n":1}`)
		p.publish("@.m", "k", `{"n":2}`)
		p.complete("@.a", `{}`)
		p.complete("@.a", `{}`)
		p.completeJob(t, `{}`)
		p.done(`{"key":"k","n":2}`)
	}},
	{name: "message start", process: process{
		elements: []element{start("s").with(event("message", "m")), task("t"), end("e")}, flows: []string{"s > t > e"}, beside: []string{message("m", "@.m", "")},
	}, run: func(p *play) {
		p.publish("@.m", "k", `{"n":1}`)
		p.publish("@.m", "k", `{"n":2}`) // waits until the first instance has ended
		first := p.job("@.t")
		p.same("variables", `{"n":1}`, first.Variables)
		p.publish("@.m", "", `{"n":3}`)
		p.same("variables", `{"n":3}`, p.complete("@.t", `{}`).Variables)
		p.completeJob(first, `{}`)
		p.same("variables", `{"n":2}`, p.complete("@.t", `{}`).Variables)
	}},
	{name: "message id", process: process{}, run: func(p *play) {
		r := &pb.PublishMessageRequest{Name: p.name("@.m"), CorrelationKey: "k", MessageId: "one", TimeToLive: 60_000}
		_, err := p.client.PublishMessage(p.ctx, r)
		p.want(err, codes.OK, "")
		_, err = p.client.PublishMessage(p.ctx, r)
		p.want(err, codes.AlreadyExists, "Expected to publish a new message with id 'one', but a message with that id was already published")
		r.CorrelationKey = "other"
		_, err = p.client.PublishMessage(p.ctx, r)
		p.want(err, codes.OK, "")
	}},
}

var scopeCases = []testCase{
	{name: "sub process", process: process{
		elements: []element{start("s"), subProcess("sp", []element{start("is"), task("t"), end("ie")}, []string{"is > t > ie"}, io("=1", "local")), end("e")}, flows: []string{"s > sp > e"},
	}, run: func(p *play) {
		p.start(`{"x":1}`)
		j := p.complete("@.t", `{"local":2,"x":3,"new":4}`)
		p.same("variables", `{"local":1,"x":1}`, j.Variables)
		p.done(`{"x":3,"new":4}`)
	}},
	{name: "event sub process", process: process{
		elements: []element{start("s"), task("t"), end("e"), eventSubProcess("es", []element{start("es_s").attr(`isInterrupting="false"`).with(event("message", "m")), task("a"), end("es_e")}, []string{"es_s > a > es_e"})},
		flows:    []string{"s > t > e"}, beside: []string{message("m", "@.m", "=key")},
	}, run: func(p *play) {
		p.start(`{"key":"k"}`)
		t := p.job("@.t")
		p.publish("@.m", "k", `{"n":1}`)
		p.complete("@.a", `{"a":1}`)
		p.completeJob(t, `{"t":1}`)
		p.done(`{"key":"k","n":1,"a":1,"t":1}`)
	}},
	{name: "interrupting event sub process", process: process{
		elements: []element{start("s"), task("t"), end("e"), eventSubProcess("es", []element{start("es_s").with(event("error", "A")), task("a"), end("es_e")}, []string{"es_s > a > es_e"})},
		flows:    []string{"s > t > e"}, beside: []string{beside("error", "A", "errorCode", "A")},
	}, run: func(p *play) {
		p.start(`{}`)
		p.throw("@.t", "A", `{"v":1}`)
		p.complete("@.a", `{"a":1}`)
		p.done(`{"v":1,"a":1}`)
	}},
	{name: "event sub process waits from the end of the start event", process: process{
		elements: []element{node("startEvent", "s", io("out", "=order", "key")).with(event("message", "first")), task("t"), end("e"),
			eventSubProcess("es", []element{start("es_s").with(event("message", "m")), task("a"), end("es_e")}, []string{"es_s > a > es_e"})},
		flows: []string{"s > t > e"}, beside: []string{message("first", "@.first", ""), message("m", "@.m", "=key")},
	}, run: func(p *play) {
		p.publish("@.first", "", `{"order":"k"}`)
		p.same("mapped by the start event", `{"key":"k"}`, p.job("@.t").Variables)
		p.publish("@.m", "k", `{"n":1}`)
		p.same("mapped by the message", `{"key":"k","n":1}`, p.complete("@.a", `{}`).Variables)
	}},
	{name: "event sub process before boundary event", process: process{
		elements: []element{start("s"), subProcess("sp", []element{start("is"), task("t"), end("ie"),
			eventSubProcess("es", []element{start("es_s").with(event("error", "")), script("x", `="inside"`, "r"), end("es_e")}, []string{"es_s > x > es_e"})}, []string{"is > t > ie"}),
			boundary("b", "sp", event("error", "")), boundary("c", "sp", event("error", "B")), script("y", `="outside"`, "r"), end("e")},
		flows: []string{"s > sp > e", "b > y > e", "c > y"}, beside: []string{beside("error", "B", "errorCode", "B")},
	}, run: func(p *play) {
		p.start(`{}`)
		p.throw("@.t", "A", `{}`)
		p.done(`{"r":"inside"}`)
		p.start(`{}`)
		p.throw("@.t", "B", `{}`)
		p.done(`{"r":"outside"}`)
	}},
	{name: "call activity", process: process{
		elements: []element{start("s"), node("callActivity", "c", `<zeebe:calledElement processId="@_child"/>`, io("=x + 1", "y", "out", "=r", "got")), boundary("b", "c", event("error", "A")), script("z", `="error"`, "got"), end("e")},
		flows:    []string{"s > c > e", "b > z > e"}, beside: []string{beside("error", "A", "errorCode", "A")},
	}, others: []process{{name: "_child", elements: []element{start("s"), task("t"), end("e")}, flows: []string{"s > t > e"}}}, run: func(p *play) {
		p.start(`{"x":1}`)
		p.same("variables", `{"x":1,"y":2}`, p.complete("@.t", `{"r":3}`).Variables)
		p.done(`{"x":1,"got":3}`)
		p.start(`{"x":1}`)
		p.throw("@.t", "A", "")
		p.done(`{"x":1,"got":"error"}`)
	}},
	{name: "parallel multi instance", process: process{
		elements: []element{start("s"), task("t").with(loop(`inputCollection="=items" inputElement="item" outputCollection="results" outputElement="=r"`, "")), end("e")}, flows: []string{"s > t > e"},
	}, run: func(p *play) {
		p.start(`{"items":[1,2,3]}`)
		for range 3 {
			j := p.job("@.t")
			v := document(j.Variables).(map[string]any)
			p.completeJob(j, map[float64]string{1: `{"r":"a"}`, 2: `{"r":"b"}`, 3: `{"r":"c"}`}[v["item"].(float64)])
		}
		p.done(`{"items":[1,2,3],"results":["a","b","c"]}`)
		p.start(`{"items":[]}`)
		p.done(`{"items":[],"results":[]}`)
	}},
	{name: "output mappings of a multi instance", process: process{
		elements: []element{start("s"), task("t", io("out", "=r", "own", "=r", "total", "=r", "new")).with(loop(`sequential inputCollection="=items" inputElement="item" outputCollection="results" outputElement="=own"`, "")), end("e")},
		flows:    []string{"s > t > e"},
	}, run: func(p *play) {
		p.start(`{"items":[1,2],"total":0}`)
		p.complete("@.t", `{"r":5}`)
		p.same("second", `{"item":2,"items":[1,2],"loopCounter":2,"new":5,"own":null,"results":[5,null],"total":5}`, p.complete("@.t", `{"r":6}`).Variables)
		p.done(`{"items":[1,2],"total":6,"new":6,"results":[5,6]}`)
	}},
	{name: "sequential multi instance", process: process{
		elements: []element{start("s"), task("t").with(loop(`sequential inputCollection="=items" inputElement="item" outputCollection="results" outputElement="=item * 2"`, "=numberOfCompletedInstances = 2")), end("e")}, flows: []string{"s > t > e"},
	}, run: func(p *play) {
		p.start(`{"items":[1,2,3]}`)
		p.same("first", `{"item":1,"items":[1,2,3],"loopCounter":1,"results":[null,null,null]}`, p.complete("@.t", ``).Variables)
		p.same("second", `{"item":2,"items":[1,2,3],"loopCounter":2,"results":[2,null,null]}`, p.complete("@.t", ``).Variables)
		p.done(`{"items":[1,2,3],"results":[2,4,null]}`)
	}},
	{name: "nested mappings", process: process{
		elements: []element{start("s"), task("t", io("=1", "a.b", "=b + 1", "a.c", "text", "d", "out", "=r", "o.x")), end("e")}, flows: []string{"s > t > e"},
	}, run: func(p *play) {
		p.start(`{"a":9,"o":{"y":1}}`)
		p.same("variables", `{"a":{"b":1,"c":2},"d":"text","o":{"y":1}}`, p.complete("@.t", `{"r":5}`).Variables)
		p.done(`{"a":9,"o":{"y":1,"x":5}}`)
	}},
}
