package embedded

import (
	"fmt"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"

	"patchbay/engine/bpmn"
)

// defaultTenant is the only tenant: multi-tenancy is off.
const defaultTenant = "<default>"

// resolveDefinition finds the definition that a request for a new instance names.
func (e *Engine) resolveDefinition(r *pb.CreateProcessInstanceRequest, intent string) (*definition, error) {
	const missing = "Expected to find process definition with "
	if r.BpmnProcessId == "" && r.ProcessDefinitionKey < 0 {
		return nil, invalidArgument(intent, "Expected at least a bpmnProcessId or a key greater than -1, but none given")
	}
	if r.BpmnProcessId == "" {
		if d := e.state.definitions[r.ProcessDefinitionKey]; d != nil {
			return d, nil
		}
		return nil, notFound(intent, missing+"key '%d', but none found", r.ProcessDefinitionKey)
	}
	versions := e.state.byProcessID[r.BpmnProcessId]
	if r.Version < 0 {
		if versions != nil && versions.latest() != nil {
			return versions.latest(), nil
		}
		return nil, notFound(intent, missing+"process ID '%s', but none found", r.BpmnProcessId)
	}
	if versions != nil {
		if d := versions.find(func(d *definition) bool { return d.version == r.Version }); d != nil {
			return d, nil
		}
	}
	return nil, notFound(intent, missing+"process ID '%s' and version '%d', but none found", r.BpmnProcessId, r.Version)
}

// createInstance starts a process instance at its none start event or at the elements that the request names.
func (e *Engine) createInstance(r *pb.CreateProcessInstanceRequest, vars variables, intent string) (*process, error) {
	d, err := e.resolveDefinition(r, intent)
	if err != nil {
		return nil, err
	}
	targets, err := startTargets(d, r.StartInstructions, intent)
	if err != nil {
		return nil, err
	}
	if len(targets) == 0 && d.root.start == nil {
		return nil, invalidState(intent, "Expected to create instance of process with none start event, but there is no such event")
	}
	if e.state.active >= e.options.MaxInstances {
		return nil, exhausted("Expected to create an instance, but %d instances are active already", e.state.active)
	}
	p := e.newProcess(d)
	p.root.vars = vars
	if len(targets) == 0 {
		e.activate(p.root)
		return p, nil
	}
	if f := e.startInside(p, targets); f != nil {
		e.forget(p)
		return nil, invalidArgument(intent, "Expected to subscribe to catch event(s) of '%s' but %s", d.id, f.text)
	}
	return p, nil
}

func startTargets(d *definition, instructions []*pb.ProcessInstanceCreationStartInstruction, intent string) ([]*node, error) {
	var out []*node
	for _, i := range instructions {
		n := d.root.element(i.ElementId)
		if n == nil {
			return nil, invalidArgument(intent, "Expected to create instance of process with start instructions but no element found with id '%s'.", i.ElementId)
		}
		if reason := noStart(n); reason != "" {
			return nil, invalidArgument(intent, "Expected to create instance of process with start instructions but the element with id '%s' %s", i.ElementId, reason)
		}
		out = append(out, n)
	}
	return out, nil
}

// noStart says why an instance cannot begin at an element, "" when it can.
func noStart(n *node) string {
	for scope := n.scope; scope != nil; scope = scope.scope {
		if scope.inner != nil {
			return "is inside a multi-instance subprocess. The creation of elements inside a multi-instance subprocess is not supported."
		}
	}
	if n.el.Type == bpmn.TypeStartEvent || n.el.Type == bpmn.TypeBoundaryEvent {
		return fmt.Sprintf("targets unsupported element type '%s'. Supported element types are: %s", n.typeName, startable)
	}
	return ""
}

// startable is the list that Zeebe shows.
const startable = "[PROCESS, MULTI_INSTANCE_BODY, PARALLEL_GATEWAY, INCLUSIVE_GATEWAY, BUSINESS_RULE_TASK, SCRIPT_TASK, " +
	"AD_HOC_SUB_PROCESS_INNER_INSTANCE, INTERMEDIATE_CATCH_EVENT, TASK, RECEIVE_TASK, SEND_TASK, MANUAL_TASK, AD_HOC_SUB_PROCESS, " +
	"END_EVENT, USER_TASK, CALL_ACTIVITY, SERVICE_TASK, SUB_PROCESS, INTERMEDIATE_THROW_EVENT, EVENT_SUB_PROCESS, " +
	"EVENT_BASED_GATEWAY, EXCLUSIVE_GATEWAY]"

func (e *Engine) cancelInstance(key int64) error {
	p := e.state.processes[key]
	if p == nil || p.root.phase >= terminating {
		return notFound("CANCEL", "Expected to cancel a process instance with key '%d', but no such process was found", key)
	}
	if p.caller != nil {
		top := p
		for top.caller != nil {
			top = top.caller.process
		}
		return invalidState("CANCEL", "Expected to cancel a process instance with key '%d', but it is created by a parent process instance. "+
			"Cancel the root process instance '%d' instead.", key, top.key)
	}
	e.push(step{op: opTerminate, in: p.root})
	return nil
}

func (e *Engine) setVariables(key int64, vars variables, local bool) (int64, error) {
	in := e.state.elements[key]
	if in == nil {
		return 0, notFound("UPDATE", "Expected to update variables for element with key '%d', but no such element was found", key)
	}
	if local {
		in.setLocal(&vars)
	} else {
		propagate(in, &vars)
	}
	return e.state.key(), nil
}
