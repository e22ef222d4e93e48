package embedded

import (
	"fmt"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
)

// defaultTenant is the only tenant: multi-tenancy is off.
const defaultTenant = "<default>"

// resolveDefinition finds the definition that a request for a new instance names.
func (e *Engine) resolveDefinition(r *pb.CreateProcessInstanceRequest) (*definition, error) {
	const missing = "Expected to find process definition with "
	if r.BpmnProcessId == "" && r.ProcessDefinitionKey <= 0 {
		return nil, invalidArgument("CREATE", "Expected at least a bpmnProcessId or a key greater than -1, but none given")
	}
	if r.BpmnProcessId == "" {
		if d := e.state.definitions[r.ProcessDefinitionKey]; d != nil {
			return d, nil
		}
		return nil, notFound("CREATE", missing+"key '%d', but none found", r.ProcessDefinitionKey)
	}
	versions := e.state.byProcessID[r.BpmnProcessId]
	if r.Version < 0 {
		if versions != nil && versions.latest() != nil {
			return versions.latest(), nil
		}
		return nil, notFound("CREATE", missing+"process ID '%s', but none found", r.BpmnProcessId)
	}
	if versions != nil {
		if d := versions.find(func(d *definition) bool { return d.version == r.Version }); d != nil {
			return d, nil
		}
	}
	return nil, notFound("CREATE", missing+"process ID '%s' and version '%d', but none found", r.BpmnProcessId, r.Version)
}

// createInstance starts a process instance at its none start event or at the elements that the request names.
func (e *Engine) createInstance(r *pb.CreateProcessInstanceRequest, vars variables) (*process, error) {
	d, err := e.resolveDefinition(r)
	if err != nil {
		return nil, err
	}
	targets, err := startTargets(d, r.StartInstructions)
	if err != nil {
		return nil, err
	}
	if len(targets) == 0 && d.root.start == nil {
		return nil, invalidState("CREATE", "Expected to create instance of process with none start event, but there is no such event")
	}
	if e.state.active >= e.options.MaxInstances {
		return nil, exhausted("Expected to create an instance, but %d instances are active already", e.state.active)
	}
	p := e.newProcess(d)
	p.root.vars = vars
	if len(targets) > 0 {
		e.startInside(p, targets)
	} else {
		e.activate(p.root)
	}
	return p, nil
}

func startTargets(d *definition, instructions []*pb.ProcessInstanceCreationStartInstruction) ([]*node, error) {
	var out []*node
	for _, i := range instructions {
		n := d.root.element(i.ElementId)
		if n == nil {
			return nil, invalidArgument("CREATE", "Expected to create instance of process with start instructions but no element found with id '%s'.", i.ElementId)
		}
		if reason := noStart(n); reason != "" {
			return nil, invalidArgument("CREATE", "Expected to create instance of process with start instructions but the element with id '%s' %s", i.ElementId, reason)
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
	if !startable(n) {
		return fmt.Sprintf("targets unsupported element type '%s'. Supported element types are: other than start, boundary and event sub-process events.", n.typeName)
	}
	return ""
}

func startable(n *node) bool {
	return n.typeName != "START_EVENT" && n.typeName != "BOUNDARY_EVENT" && n.typeName != "EVENT_SUB_PROCESS"
}

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
