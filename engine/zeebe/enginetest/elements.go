package enginetest

import "google.golang.org/grpc/codes"

var taskCases = []testCase{
	{name: "service task", process: process{
		elements: []element{start("s"), task("t", `<zeebe:taskHeaders><zeebe:header key="h" value="=x"/></zeebe:taskHeaders>`, io("=x + 1", "in", "out", "=r", "got")), end("e")},
		flows:    []string{"s > t > e"},
	}, run: func(p *play) {
		p.start(`{"x":1}`)
		j := p.complete("@.t", `{"r":5,"other":1}`)
		p.same("headers", `{"h":"=x"}`, j.CustomHeaders)
		p.same("variables", `{"in":2,"x":1}`, j.Variables)
		p.done(`{"x":1,"got":5}`)
	}},
	{name: "tasks of a job worker", process: process{
		elements: []element{start("s"), node("sendTask", "a", `<zeebe:taskDefinition type="@.j"/>`), node("businessRuleTask", "b", `<zeebe:taskDefinition type="@.j"/>`),
			node("scriptTask", "c", `<zeebe:taskDefinition type="@.j"/>`), node("intermediateThrowEvent", "d", `<zeebe:taskDefinition type="@.j"/>`).with(event("message", "")),
			node("endEvent", "e", `<zeebe:taskDefinition type="@.j"/>`).with(event("message", ""))},
		flows: []string{"s > a > b > c > d > e"},
	}, run: func(p *play) {
		p.start(`{}`)
		for _, id := range []string{"a", "b", "c", "d", "e"} {
			if j := p.complete("@.j", ""); j.ElementId != id {
				p.Errorf("job of %s, want %s", j.ElementId, id)
			}
		}
		p.done(`{}`)
	}},
	{name: "pass through", process: process{
		elements: []element{start("s"), node("task", "a"), node("manualTask", "b"), throwing("c", ""), script("d", "={sum: x + 0.5, list: [x]}", "r"), end("e")},
		flows:    []string{"s > a > b > c > d > e"},
	}, run: func(p *play) {
		p.start(`{"x":1}`)
		p.done(`{"x":1,"r":{"sum":1.5,"list":[1]}}`)
	}},
	{name: "temporal values", process: process{
		elements: []element{start("s"), script("d", `=[date and time("2020-01-01T10:00:00Z"), date and time("2020-01-01T10:00:00"), time("10:00:00"), time("10:00:00Z"), duration("PT36H"), duration("P14M")]`, "r"),
			script("z", `={at: date and time(d)}`, "z"), end("e")},
		flows: []string{"s > d > z > e"},
	}, run: func(p *play) {
		p.start(`{"d":"2020-07-01T10:00:00\u0040Europe/Berlin"}`)
		p.done(`{"d":"2020-07-01T10:00:00\u0040Europe/Berlin","r":["2020-01-01T10:00:00Z","2020-01-01T10:00:00","10:00","10:00:00Z","P1DT12H","P1Y2M"],"z":{"at":"2020-07-01T10:00:00+02:00[Europe/Berlin]"}}`)
	}},
	{name: "user task", process: process{
		elements: []element{start("s"), node("userTask", "u", `<zeebe:assignmentDefinition assignee="=who"/>`), end("e")}, flows: []string{"s > u > e"},
	}, run: func(p *play) {
		p.create(`{"who":"me"}`)
		j := p.jobOf("io.camunda.zeebe:userTask", p.last)
		p.same("headers", `{"io.camunda.zeebe:assignee":"me"}`, j.CustomHeaders)
		p.completeJob(j, "")
		p.gone(p.last)
	}},
	{name: "receive task", process: process{
		elements: []element{start("s"), node("receiveTask", "r", io("out", "=n", "got")).attr(`messageRef="m"`), end("e")}, flows: []string{"s > r > e"},
		beside: []string{message("m", "@.m", "=key")},
	}, run: func(p *play) {
		p.publish("@.m", "k", `{"n":1}`)
		p.start(`{"key":"k"}`)
		p.done(`{"key":"k","got":1}`)
	}},
}

var gatewayCases = []testCase{
	{name: "exclusive", process: process{
		elements: []element{start("s"), node("exclusiveGateway", "g").attr(`default="d"`), script("a", `="a"`, "r"), script("b", `="b"`, "r"), end("e")},
		flows:    []string{"s > g", "g > a if =x > 1", "g > b as d", "a > e", "b > e"},
	}, run: func(p *play) {
		p.start(`{"x":2}`)
		p.done(`{"x":2,"r":"a"}`)
		p.start(`{"x":1}`)
		p.done(`{"x":1,"r":"b"}`)
	}},
	{name: "exclusive takes the last that holds", process: process{
		elements: []element{start("s"), node("exclusiveGateway", "g"), script("a", `="a"`, "r"), script("b", `="b"`, "r"), end("e")},
		flows:    []string{"s > g", "g > a if =true", "g > b if =true", "a > e", "b > e"},
	}, run: func(p *play) {
		p.start(`{}`)
		p.done(`{"r":"b"}`)
	}},
	{name: "parallel", process: process{
		elements: []element{start("s"), node("parallelGateway", "f"), task("a"), task("b"), node("parallelGateway", "j"), end("e")},
		flows:    []string{"s > f > a > j > e", "f > b > j"},
	}, run: func(p *play) {
		p.start(`{}`)
		p.complete("@.b", `{"b":1}`)
		p.complete("@.a", `{"a":1}`)
		p.done(`{"a":1,"b":1}`)
	}},
	{name: "inclusive", process: process{
		elements: []element{start("s"), node("inclusiveGateway", "f").attr(`default="d"`), task("a"), task("b"), task("c"), node("inclusiveGateway", "j"), end("e")},
		flows:    []string{"s > f", "f > a if =x > 1", "f > b if =x > 2", "f > c as d", "a > j > e", "b > j", "c > j"},
	}, run: func(p *play) {
		p.start(`{"x":3}`)
		p.complete("@.a", `{"a":1}`)
		p.complete("@.b", `{"b":1}`)
		p.done(`{"x":3,"a":1,"b":1}`)
		p.start(`{"x":2}`)
		p.complete("@.a", `{"a":1}`)
		p.done(`{"x":2,"a":1}`)
		p.start(`{"x":0}`)
		p.complete("@.c", `{"c":1}`)
		p.done(`{"x":0,"c":1}`)
	}},
	{name: "event based", process: process{
		elements: []element{start("s"), node("eventBasedGateway", "g"), catch("a", event("message", "m")), catch("b", timer("timeDuration", "=d")), script("x", `="m"`, "r"), script("y", `="t"`, "r"), end("e")},
		flows:    []string{"s > g > a > x > e", "g > b > y > e"}, beside: []string{message("m", "@.m", "=key")},
	}, run: func(p *play) {
		p.publish("@.m", "k", `{"n":1}`)
		p.start(`{"key":"k","d":"PT1H"}`)
		p.done(`{"key":"k","d":"PT1H","n":1,"r":"m"}`)
		p.start(`{"key":"other","d":"PT0.01S"}`)
		p.done(`{"key":"other","d":"PT0.01S","r":"t"}`)
	}},
}

var eventCases = []testCase{
	{name: "timers", process: process{
		elements: []element{start("s"), catch("a", timer("timeDuration", "PT0.01S")), catch("b", timer("timeDate", "=date and time(&quot;2020-01-01T00:00:00Z&quot;)")), end("e")},
		flows:    []string{"s > a > b > e"},
	}, run: func(p *play) {
		p.start(`{"x":1}`)
		p.done(`{"x":1}`)
	}},
	{name: "timer boundary", process: process{
		elements: []element{start("s"), task("t"), boundary("b", "t", timer("timeDuration", "PT0.05S")), script("x", `="late"`, "r"), end("e")},
		flows:    []string{"s > t > e", "b > x > e"},
	}, run: func(p *play) {
		p.start(`{}`)
		j := p.job("@.t")
		p.done(`{"r":"late"}`)
		_, err := p.client.CompleteJob(p.ctx, complete(j))
		p.want(err, codes.NotFound, "no such job was found")
	}},
	{name: "timer cycle", process: process{
		elements: []element{start("s"), task("t"), nonInterrupting("b", "t", timer("timeCycle", "R2/PT0.05S")), task("x"), end("e"), end("e2")},
		flows:    []string{"s > t > e", "b > x > e2"},
	}, run: func(p *play) {
		p.start(`{}`)
		p.complete("@.x", `{"a":1}`)
		p.complete("@.x", `{"b":1}`)
		p.complete("@.t", `{}`)
		p.done(`{"a":1,"b":1}`)
	}},
	{name: "timer start", process: process{elements: []element{start("s").with(timer("timeDate", "2020-01-01T00:00:00Z")), task("t"), end("e")}, flows: []string{"s > t > e"}},
		run: func(p *play) { p.complete("@.t", `{}`) }},
	{name: "error boundary", process: process{
		elements: []element{start("s"), task("t"), boundary("x", "t", event("error", "A")), boundary("y", "t", event("error", "")), script("a", `="A"`, "r"), script("b", `="any"`, "r"), end("e")},
		flows:    []string{"s > t > e", "x > a > e", "y > b > e"}, beside: []string{beside("error", "A", "errorCode", "A")},
	}, run: func(p *play) {
		p.start(`{}`)
		p.throw("@.t", "A", `{"lost":1}`)
		p.done(`{"r":"A"}`)
		p.start(`{}`)
		p.throw("@.t", "B", `{}`)
		p.done(`{"r":"any"}`)
	}},
	{name: "error end", process: process{
		elements: []element{start("s"), subProcess("sp", []element{start("is"), end("ie").with(event("error", "A"))}, []string{"is > ie"}), boundary("x", "sp", event("error", "A")), script("a", `="caught"`, "r"), end("e")},
		flows:    []string{"s > sp > e", "x > a > e"}, beside: []string{beside("error", "A", "errorCode", "A")},
	}, run: func(p *play) {
		p.start(`{}`)
		p.done(`{"r":"caught"}`)
	}},
	{name: "escalation", process: process{
		elements: []element{start("s"), subProcess("sp", []element{start("is"), throwing("th", event("escalation", "X")), task("t"), end("ie")}, []string{"is > th > t > ie"}),
			nonInterrupting("x", "sp", event("escalation", "X")), task("a"), end("e"), end("e2")},
		flows: []string{"s > sp > e", "x > a > e2"}, beside: []string{beside("escalation", "X", "escalationCode", "X")},
	}, run: func(p *play) {
		p.start(`{}`)
		p.complete("@.a", `{"a":1}`)
		p.complete("@.t", `{"t":1}`)
		p.done(`{"a":1,"t":1}`)
	}},
	{name: "links", process: process{
		elements: []element{start("s"), throwing("a", link("la", "L")), catch("b", link("lb", "L")), script("x", `=1`, "r"), end("e")}, flows: []string{"s > a", "b > x > e"},
	}, run: func(p *play) {
		p.start(`{}`)
		p.done(`{"r":1}`)
	}},
	{name: "terminate", process: process{
		elements: []element{start("s"), node("parallelGateway", "f"), task("a"), task("b"), end("e").with(event("terminate", "")), end("e2")}, flows: []string{"s > f > a > e", "f > b > e2"},
	}, run: func(p *play) {
		p.start(`{}`)
		b := p.job("@.b")
		p.complete("@.a", `{"a":1}`)
		p.done(`{"a":1}`)
		_, err := p.client.CompleteJob(p.ctx, complete(b))
		p.want(err, codes.NotFound, "no such job was found")
	}},
	{name: "signal", process: process{
		elements: []element{start("s"), node("parallelGateway", "f"), throwing("th", event("signal", "g")), catch("c", event("signal", "g2")), end("e"), end("e2"),
			start("s2").with(event("signal", "g")), task("t"), end("e3")},
		flows: []string{"s > f > th > e", "f > c > e2", "s2 > t > e3"}, beside: []string{beside("signal", "g", "name", "@.g"), beside("signal", "g2", "name", "@.g2")},
	}, run: func(p *play) {
		p.start(`{"x":1}`)
		p.complete("@.t", `{}`)
		p.signal("@.g2", `{"y":2}`)
		p.done(`{"x":1,"y":2}`)
	}},
}
