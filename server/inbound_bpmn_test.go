package server_test

import (
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
)

var (
	idOf       = regexp.MustCompile(` id="([^"]+)"`)
	messageRef = regexp.MustCompile(`messageRef="m_([^"]+)"`)
)

// process makes a BPMN file. The nodes of the chain follow one another; what is
// in more stands beside it. Messages have the key id.
func process(id string, chain []string, more ...string) string {
	body := sequence(id, chain...) + strings.Join(more, "")
	messages := ""
	defined := map[string]bool{}
	for _, match := range messageRef.FindAllStringSubmatch(body, -1) {
		if name := match[1]; !defined[name] {
			defined[name] = true
			messages += fmt.Sprintf(`<bpmn:message id="m_%s" name="%s"><bpmn:extensionElements><zeebe:subscription correlationKey="=id"/></bpmn:extensionElements></bpmn:message>`, name, name)
		}
	}
	return fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="t">
%s<bpmn:process id="%s" isExecutable="true">%s</bpmn:process></bpmn:definitions>`, messages, id, body)
}

// sequence connects nodes, and an end event, one after another.
func sequence(prefix string, nodes ...string) string {
	nodes = append(nodes, fmt.Sprintf(`<bpmn:endEvent id="%s_end"/>`, prefix))
	text := strings.Join(nodes, "")
	for i := range nodes[1:] {
		text += fmt.Sprintf(`<bpmn:sequenceFlow id="%s_f%d" sourceRef="%s" targetRef="%s"/>`, prefix, i, idOf.FindStringSubmatch(nodes[i])[1], idOf.FindStringSubmatch(nodes[i+1])[1])
	}
	return text
}

// properties writes names and values as zeebe:properties. Of pairs with the same
// name the last counts.
func properties(pairs ...string) string {
	text := ""
	for i := 0; i < len(pairs); i += 2 {
		if slices.ContainsFunc(pairs[i+1:], func(name string) bool { return name == pairs[i] }) {
			continue
		}
		text += fmt.Sprintf(`<zeebe:property name="%s" value="%s"/>`, pairs[i], html.EscapeString(pairs[i+1]))
	}
	return `<bpmn:extensionElements><zeebe:properties>` + text + `</zeebe:properties></bpmn:extensionElements>`
}

// hook makes an element a webhook.
func hook(path string, pairs ...string) string {
	return properties(append([]string{"inbound.type", "io.camunda:webhook:1", "inbound.context", path, "deduplicationMode", "AUTO"}, pairs...)...)
}

// poll makes an element ask a URL ten times a second.
func poll(url string, pairs ...string) string {
	return properties(append([]string{"inbound.type", "io.camunda:http-polling:1", "url", url,
		"httpRequestInterval", "PT0.1S", "processPollingInterval", "PT0.1S"}, pairs...)...)
}

const plainStart = `<bpmn:startEvent id="begin"/>`

func element(kind, id, inner string) string {
	return fmt.Sprintf(`<bpmn:%s id="%s">%s</bpmn:%s>`, kind, id, inner, kind)
}

func startEvent(id, inner string) string { return element("startEvent", id, inner) }

func catchEvent(id, message, inner string) string {
	return element("intermediateCatchEvent", id, inner+onMessage(message))
}

func onMessage(name string) string {
	return fmt.Sprintf(`<bpmn:messageEventDefinition messageRef="m_%s"/>`, name)
}

func receiveTask(id, message, inner string) string {
	return fmt.Sprintf(`<bpmn:receiveTask id="%s" messageRef="m_%s">%s</bpmn:receiveTask>`, id, message, inner)
}
