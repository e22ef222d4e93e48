package embedded

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"

	"patchbay/engine/bpmn"
	"patchbay/engine/feel"
)

// noVariables is the scope of expressions that are evaluated outside of any instance.
var noVariables = feel.Map(nil)

// file is one resource of a deployment, read and checked.
type file struct {
	name        string
	content     []byte
	checksum    [32]byte
	definitions []*definition
	form        *form
}

// form is a deployed form; the engine only keeps its version.
type form struct {
	key      int64
	id       string
	version  int32
	checksum [32]byte
	resource string
}

// readers is the table of resource types by file name extension.
var readers = map[string]func(*Engine, *file) error{
	".bpmn": (*Engine).readProcess,
	".xml":  (*Engine).readProcess,
	".form": (*Engine).readForm,
	".dmn":  unsupportedDecision,
}

func unsupportedDecision(_ *Engine, f *file) error {
	return fmt.Errorf("'%s': decisions are not supported by the embedded engine; deploy this file to a Zeebe cluster", f.name)
}

// deploy checks all files and then deploys all or none.
func (e *Engine) deploy(resources []*pb.Resource) (*pb.DeployResourceResponse, error) {
	if len(resources) == 0 {
		return nil, invalidArgument("CREATE", "Expected to deploy at least one resource, but none given")
	}
	files, problems := e.readFiles(resources)
	if len(problems) == 0 {
		problems = append(duplicates(files), unbound(files)...)
	}
	if len(problems) > 0 {
		return nil, invalidArgument("CREATE", "Expected to deploy new resources, but encountered the following errors:%s", strings.Join(problems, ""))
	}
	response := &pb.DeployResourceResponse{TenantId: defaultTenant}
	e.do(func() {
		response.Key = e.state.key()
		for _, f := range files {
			response.Deployments = append(response.Deployments, e.install(f, response.Key)...)
		}
	})
	return response, nil
}

// readFiles compiles outside of the lock; expressions only need the clock.
func (e *Engine) readFiles(resources []*pb.Resource) (files []*file, problems []string) {
	for _, r := range resources {
		f := &file{name: r.Name, content: r.Content, checksum: sha256.Sum256(r.Content)}
		read := readers[strings.ToLower(path.Ext(r.Name))]
		if read == nil {
			problems = append(problems, fmt.Sprintf("\n\n'%s': unknown resource type", validText(r.Name)))
			continue
		}
		if err := read(e, f); err != nil {
			problems = append(problems, "\n"+validText(err.Error()))
			continue
		}
		files = append(files, f)
	}
	return files, problems
}

// validText makes text from a file fit for a gRPC status.
func validText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

func (e *Engine) readProcess(f *file) error {
	model, err := bpmn.Read(f.content)
	if err != nil {
		return fmt.Errorf("'%s': %s", f.name, xmlError(err))
	}
	problems := model.Validate()
	for _, p := range model.Processes {
		if !p.Executable {
			continue
		}
		d := &definition{id: p.ID, name: p.Name, versionTag: p.VersionTag, resource: f.name, checksum: f.checksum, xml: f.content}
		root, more := compile(p, d, e.options.Now)
		d.root = root
		problems = append(problems, more...)
		f.definitions = append(f.definitions, d)
	}
	if len(problems) > 0 {
		return fmt.Errorf("'%s': %s", f.name, problems)
	}
	return loops(f, model)
}

// xmlError words a broken file as Zeebe's XML parser does.
func xmlError(err error) string {
	var syntax *bpmn.SyntaxError
	if !errors.As(err, &syntax) {
		return err.Error()
	}
	kind := "Fatal Error"
	if syntax.Foreign {
		kind = "Error"
	}
	return fmt.Sprintf("%s: URI=null Line=%d: %s", kind, syntax.Line, syntax.Msg)
}

func loops(f *file, model *bpmn.Definitions) error {
	for _, p := range model.Processes {
		if loop := p.StraightThroughLoop(); loop != nil && p.Executable {
			return zeebeErrorf("`%s`: - Process: %s\n    - ERROR: %s\n", f.name, p.ID, bpmn.LoopProblem(loop))
		}
	}
	return nil
}

func (e *Engine) readForm(f *file) error {
	var content struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(f.content, &content); err != nil {
		return fmt.Errorf("'%s': Failed to parse form JSON: %w", f.name, err)
	}
	if content.ID == "" {
		return fmt.Errorf("'%s': Expected the form id to be present, but none given", f.name)
	}
	f.form = &form{id: content.ID, checksum: f.checksum, resource: f.name}
	return nil
}

func duplicates(files []*file) []string {
	seen := map[string]string{}
	for _, f := range files {
		for _, d := range f.definitions {
			if first, ok := seen[d.id]; ok {
				return []string{fmt.Sprintf("\nDuplicated process id in resources '%s' and '%s'", first, f.name)}
			}
			seen[d.id] = f.name
		}
	}
	return nil
}

// unbound finds call activities that are bound to the deployment and call a process that is not in it.
func unbound(files []*file) (problems []string) {
	here := map[string]bool{}
	for _, f := range files {
		for _, d := range f.definitions {
			here[d.id] = true
		}
	}
	for _, f := range files {
		var missing bpmn.Problems
		for _, d := range f.definitions {
			missing = append(missing, d.root.unbound(here)...)
		}
		if len(missing) > 0 {
			problems = append(problems, fmt.Sprintf("\n'%s':\n%s", f.name, missing))
		}
	}
	return problems
}

func (n *node) unbound(here map[string]bool) (missing bpmn.Problems) {
	if c := n.called; c != nil && c.binding == "deployment" && c.processID.program == nil && !here[c.processID.source] {
		missing = append(missing, bpmn.Problem{Place: n.el.Called.Place,
			Message: "Expected to find process with id '" + c.processID.source + "' in current deployment, but not found."})
	}
	if n.inner != nil {
		missing = append(missing, n.inner.unbound(here)...)
	}
	for _, child := range n.children {
		missing = append(missing, child.unbound(here)...)
	}
	return missing
}

func (e *Engine) install(f *file, deployment int64) []*pb.Deployment {
	if f.form != nil {
		return []*pb.Deployment{e.installForm(f.form)}
	}
	var out []*pb.Deployment
	for _, d := range f.definitions {
		d = e.installProcess(d, deployment)
		out = append(out, &pb.Deployment{Metadata: &pb.Deployment_Process{Process: &pb.ProcessMetadata{
			BpmnProcessId: d.id, Version: d.version, ProcessDefinitionKey: d.key, ResourceName: d.resource, TenantId: defaultTenant,
		}}})
	}
	return out
}

// installProcess makes the definition the latest version; what is the latest version already stays.
func (e *Engine) installProcess(d *definition, deployment int64) *definition {
	v := e.state.byProcessID[d.id]
	if v == nil {
		v = &versions{}
		e.state.byProcessID[d.id] = v
	}
	latest := v.latest()
	if latest != nil && latest.checksum == d.checksum && latest.resource == d.resource {
		return latest
	}
	if latest != nil {
		e.closeStarts(latest)
		e.state.changes.add(Replaced, latest)
	}
	v.last++
	d.version, d.key, d.deployment = v.last, e.state.key(), deployment
	v.list = append(v.list, d)
	e.state.definitions[d.key] = d
	e.openStarts(d)
	e.state.changes.add(Deployed, d)
	return d
}

func (e *Engine) installForm(f *form) *pb.Deployment {
	latest := e.state.forms[f.id]
	if latest == nil || latest.checksum != f.checksum || latest.resource != f.resource {
		f.key, f.version = e.state.key(), 1
		if latest != nil {
			f.version = latest.version + 1
		}
		e.state.forms[f.id] = f
		latest = f
	}
	return &pb.Deployment{Metadata: &pb.Deployment_Form{Form: &pb.FormMetadata{
		FormId: latest.id, Version: latest.version, FormKey: latest.key, ResourceName: latest.resource, TenantId: defaultTenant,
	}}}
}

// deleteResource deletes one definition; the version before becomes the latest one again.
func (e *Engine) deleteResource(key int64) error {
	d := e.state.definitions[key]
	if d == nil {
		return notFound("DELETE", "Expected to delete resource but no resource found with key `%d`", key)
	}
	for _, p := range e.state.processes {
		if p.definition == d && p.root.phase < completed {
			return invalidState("DELETE", "Expected to delete resource with key `%d` but there are still running instances", key)
		}
	}
	v := e.state.byProcessID[d.id]
	latest := v.latest() == d
	v.list = without(v.list, d)
	delete(e.state.definitions, key)
	e.closeStarts(d)
	e.state.changes.add(Deleted, d)
	if before := v.latest(); latest && before != nil {
		e.openStarts(before)
		e.state.changes.add(Deployed, before)
	}
	return nil
}
