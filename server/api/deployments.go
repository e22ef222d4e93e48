package api

import (
	"context"
	"errors"
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

// maxDeployment is the largest request, in bytes: gateways take messages of
// 4 MiB (Camunda 8.8 behaviour), in which the files stand with their names.
const maxDeployment = 4<<20 - 16<<10

func (d deployments) register(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "deploy", Method: http.MethodPost, Path: "/api/v1/deployments", Tags: []string{"deployments"},
		Summary: "Deploy files to the gateway, all or none", Description: "Each part of the form that has a file name is a file; the part tenantId may name a tenant.",
		RequestBody: &huma.RequestBody{Content: map[string]*huma.MediaType{formType: formBody(map[string]*huma.Schema{
			"resources": {Type: huma.TypeArray, Items: fileSchema("A BPMN, DMN or form file, with its name.")}, "tenantId": {Type: huma.TypeString}}, "resources")}},
		MaxBodyBytes: maxDeployment, SkipValidateBody: true, Errors: []int{415, 502, 503}}, d.deploy)
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

func (d deployments) deploy(ctx context.Context, in *FormInput) (*deployOutput, error) {
	parts, err := in.parts()
	if err != nil {
		return nil, err
	}
	var resources []zeebe.Resource
	tenant := ""
	for _, p := range parts {
		switch {
		case p.file != "":
			resources = append(resources, zeebe.Resource{Name: p.file, Content: p.content})
		case p.name == "tenantId":
			tenant = string(p.content)
		}
	}
	if len(resources) == 0 {
		return nil, problem(http.StatusBadRequest, "no part of the form is a file: send the BPMN file as a part with a file name")
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

// deployStatuses are for what a gateway answers, by its code.
var deployStatuses = map[string]int{"INVALID_ARGUMENT": http.StatusUnprocessableEntity, "RESOURCE_EXHAUSTED": http.StatusServiceUnavailable}

func deployProblem(err error) error {
	var refused *zeebe.Error
	if errors.As(err, &refused) && !refused.Unreached {
		switch status, known := deployStatuses[refused.Code]; {
		case refused.TooLarge():
			return problem(http.StatusRequestEntityTooLarge, err.Error())
		case known:
			return problem(status, err.Error())
		}
	}
	return problem(http.StatusBadGateway, err.Error())
}
