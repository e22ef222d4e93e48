package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"patchbay/engine/zeebe"
	"patchbay/server/audit"
)

// deployments passes processes on to the gateway.
type deployments struct {
	Gateway
	recorder audit.Recorder
}

// maxDeployment is the largest request, in bytes; gateways take 4 MiB.
const maxDeployment = 8 << 20

func (d deployments) register(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "deploy", Method: http.MethodPost, Path: "/api/v1/deployments", Tags: []string{"deployments"},
		Summary: "Deploy files to the gateway, all or none", Description: "Each part of the form that has a file name is a file; the part tenantId may name a tenant.",
		MaxBodyBytes: maxDeployment, Errors: []int{400, 422, 502}}, d.deploy)
}

type deployInput struct {
	RawBody multipart.Form
}

type deployOutput struct {
	Body struct {
		Key      string       `json:"key"`
		Deployed []deployedAs `json:"deployed"`
	}
}

type deployedAs struct {
	Kind     string `json:"kind" doc:"process, decision, decisionRequirements or form"`
	ID       string `json:"id"`
	Version  int32  `json:"version"`
	Key      string `json:"key"`
	Resource string `json:"resource,omitempty"`
}

func (d deployments) deploy(ctx context.Context, in *deployInput) (*deployOutput, error) {
	var resources []zeebe.Resource
	for _, parts := range in.RawBody.File {
		for _, part := range parts {
			content, err := readPart(part)
			if err != nil {
				return nil, problem(http.StatusBadRequest, err.Error())
			}
			resources = append(resources, zeebe.Resource{Name: part.Filename, Content: content})
		}
	}
	if len(resources) == 0 {
		return nil, problem(http.StatusBadRequest, "no part of the form is a file: send the BPMN file as a part with a file name")
	}
	tenant := ""
	if values := in.RawBody.Value["tenantId"]; len(values) > 0 {
		tenant = values[0]
	}
	deployment, err := d.Deploy(ctx, tenant, resources...)
	d.recorder.Record(ctx, audit.Deploy, names(resources), err)
	if err != nil {
		return nil, deployProblem(err)
	}
	out := &deployOutput{}
	out.Body.Key = key(deployment.Key)
	for _, r := range deployment.Deployed {
		out.Body.Deployed = append(out.Body.Deployed, deployedAs{r.Kind, r.ID, r.Version, key(r.Key), r.Resource})
	}
	return out, nil
}

// names lists the files of a deployment.
func names(resources []zeebe.Resource) string {
	list := make([]string, len(resources))
	for i, r := range resources {
		list[i] = r.Name
	}
	return strings.Join(list, ", ")
}

// key writes a key as Camunda's REST API does: as text, since it has more
// digits than a JavaScript number keeps.
func key(k int64) string { return strconv.FormatInt(k, 10) }

func readPart(part *multipart.FileHeader) ([]byte, error) {
	f, err := part.Open()
	if err != nil {
		return nil, fmt.Errorf("read part %q: %w", part.Filename, err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxDeployment))
	if err != nil {
		return nil, fmt.Errorf("read part %q: %w", part.Filename, err)
	}
	return content, nil
}

func deployProblem(err error) error {
	var refused *zeebe.Error
	if errors.As(err, &refused) && !refused.Unreached && refused.Code == "INVALID_ARGUMENT" {
		return problem(http.StatusUnprocessableEntity, err.Error())
	}
	return problem(http.StatusBadGateway, err.Error())
}
