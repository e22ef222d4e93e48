//lint:file-ignore SA1019 old clients still call DeployProcess

package proxy

import (
	"context"
	"sync"
	"time"

	"github.com/camunda/zeebe/clients/go/v8/pkg/pb"
	"google.golang.org/protobuf/proto"

	"patchbay/engine/zeebe/source"
)

const service = "/gateway_protocol.Gateway/"

// told is how long a watcher may take before the caller gets his answer.
const told = 3 * time.Second

// readers understand the calls that a watcher is told of.
var readers = map[string]func(ctx context.Context, w Watcher, request, response []byte) error{
	service + "DeployResource": deployedResources,
	service + "DeployProcess":  deployedProcesses,
	service + "DeleteResource": deletedResource,
}

// watched keeps the messages of a call that a watcher wants to know of. A nil
// one keeps nothing.
type watched struct {
	p      *Proxy
	method string
	read   func(ctx context.Context, w Watcher, request, response []byte) error

	mu      sync.Mutex
	asked   []byte
	replied []byte
}

func (p *Proxy) watch(method string) *watched {
	read := readers[method]
	if read == nil || p.Watcher == nil {
		return nil
	}
	return &watched{p: p, method: method, read: read}
}

func (s *watched) request(f *frame) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = f.data.Materialize()
}

func (s *watched) response(f *frame) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replied = f.data.Materialize()
}

// succeeded tells the watcher. Nothing that goes wrong here is the caller's
// business.
func (s *watched) succeeded(ctx context.Context) {
	if s == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), told)
	defer cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.read(ctx, s.p.Watcher, s.asked, s.replied); err != nil {
		s.p.Log.Error("a deployment went by that could not be remembered", "method", s.method, "error", err)
	}
}

func deployedResources(ctx context.Context, w Watcher, request, response []byte) error {
	var asked pb.DeployResourceRequest
	var replied pb.DeployResourceResponse
	if err := unmarshal(request, &asked, response, &replied); err != nil {
		return err
	}
	files := map[string][]byte{}
	for _, r := range asked.Resources {
		files[r.Name] = r.Content
	}
	var list []source.Deployed
	for _, d := range replied.Deployments {
		if p := d.GetProcess(); p != nil {
			list = append(list, deployed(p, replied.TenantId, files))
		}
	}
	return tell(ctx, w, list)
}

// deployedProcesses is for the call that DeployResource has replaced.
func deployedProcesses(ctx context.Context, w Watcher, request, response []byte) error {
	var asked pb.DeployProcessRequest
	var replied pb.DeployProcessResponse
	if err := unmarshal(request, &asked, response, &replied); err != nil {
		return err
	}
	files := map[string][]byte{}
	for _, r := range asked.Processes {
		files[r.Name] = r.Definition
	}
	var list []source.Deployed
	for _, p := range replied.Processes {
		list = append(list, deployed(p, "", files))
	}
	return tell(ctx, w, list)
}

func deployed(p *pb.ProcessMetadata, tenant string, files map[string][]byte) source.Deployed {
	if p.TenantId != "" {
		tenant = p.TenantId
	}
	return source.Deployed{Process: source.Process{TenantID: tenant, ID: p.BpmnProcessId}, Key: p.ProcessDefinitionKey, Version: p.Version,
		Resource: p.ResourceName, XML: files[p.ResourceName]}
}

func tell(ctx context.Context, w Watcher, list []source.Deployed) error {
	if len(list) == 0 {
		return nil
	}
	return w.Deployed(ctx, list...)
}

func deletedResource(ctx context.Context, w Watcher, request, _ []byte) error {
	var asked pb.DeleteResourceRequest
	if err := proto.Unmarshal(request, &asked); err != nil {
		return err
	}
	return w.Deleted(ctx, asked.ResourceKey)
}

func unmarshal(request []byte, asked proto.Message, response []byte, replied proto.Message) error {
	if err := proto.Unmarshal(request, asked); err != nil {
		return err
	}
	return proto.Unmarshal(response, replied)
}

var _ Watcher = (*source.Seen)(nil)
