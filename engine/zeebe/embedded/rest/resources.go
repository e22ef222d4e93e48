package rest

import (
	"slices"
	"strconv"
	"time"

	"patchbay/engine/zeebe/embedded"
)

// resource is one kind of thing that can be searched.
type resource struct {
	title  string
	key    string   // the field that identifies an item
	fields []string // what a filter and a sort may name besides the fields of an item
	list   func(*embedded.Engine, query) []record
	sample record // an empty item, which tells the fields
}

const tenant = "<default>"

// resources is the table of the searches by their path.
var resources = map[string]resource{
	"process-definitions": {
		title: "Process Definition", key: "processDefinitionKey", fields: []string{"isLatestVersion"},
		list: definitions, sample: definition(embedded.Definition{}),
	},
	"process-instances": {
		title: "Process Instance", key: "processInstanceKey",
		list: processInstances, sample: processInstance(embedded.ProcessInstance{}),
	},
	"element-instances": {
		title: "Element Instance", key: "elementInstanceKey", fields: []string{"elementInstanceScopeKey"},
		list: elementInstances, sample: elementInstance(embedded.ElementInstance{}),
	},
	"variables": {
		title: "Variable", key: "variableKey",
		list: variables, sample: variable(embedded.Variable{}),
	},
	"incidents": {
		title: "Incident", key: "incidentKey",
		list: incidents, sample: incident(embedded.Incident{}),
	},
	"message-subscriptions": {
		title: "Message Subscription", key: "messageSubscriptionKey",
		list: subscriptions, sample: subscription(embedded.MessageSubscription{}),
	},
}

// hidden are fields for filters that an item does not show.
const (
	latestField = "isLatestVersion"
	scopeField  = "elementInstanceScopeKey"
)

func (r resource) knows(field string) bool {
	_, ok := r.sample[field]
	return ok || slices.Contains(r.fields, field)
}

func date(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func reference(n int64) any {
	if n == 0 {
		return nil
	}
	return key(n)
}

func collect[T any](list []T, item func(T) record) []record {
	out := make([]record, 0, len(list))
	for _, x := range list {
		out = append(out, item(x))
	}
	return out
}

func definitions(e *embedded.Engine, _ query) []record { return collect(e.Definitions(), definition) }

func definition(d embedded.Definition) record {
	return record{
		"name": text(d.Name), "resourceName": d.Resource, "version": d.Version, "versionTag": text(d.VersionTag),
		"processDefinitionId": d.ProcessID, "tenantId": tenant, "processDefinitionKey": key(d.Key), "hasStartForm": false,
		"state": "ACTIVE", latestField: d.Latest,
	}
}

func processInstances(e *embedded.Engine, q query) []record {
	return collect(e.ProcessInstances(q.exact("processDefinitionId")), processInstance)
}

func processInstance(p embedded.ProcessInstance) record {
	return record{
		"processInstanceKey": key(p.Key), "processDefinitionId": p.Definition.ProcessID, "processDefinitionName": text(p.Definition.Name),
		"processDefinitionVersion": p.Definition.Version, "processDefinitionVersionTag": text(p.Definition.VersionTag),
		"processDefinitionKey": key(p.Definition.Key), "parentProcessInstanceKey": reference(p.ParentKey),
		"parentElementInstanceKey": reference(p.ParentElementKey), "startDate": date(p.Start), "endDate": date(p.End),
		"state": string(p.State), "hasIncident": p.Incident, "tenantId": tenant, "tags": []string{},
	}
}

func elementInstances(e *embedded.Engine, q query) []record {
	return collect(e.ElementInstances(q.exactKey("processInstanceKey")), elementInstance)
}

func elementInstance(x embedded.ElementInstance) record {
	name := x.Name
	if name == "" {
		name = x.ElementID
	}
	return record{
		"elementInstanceKey": key(x.Key), "processInstanceKey": key(x.ProcessInstanceKey), "processDefinitionKey": key(x.Definition.Key),
		"processDefinitionId": x.Definition.ProcessID, "elementId": x.ElementID, "elementName": name, "type": x.Type,
		"state": string(x.State), "hasIncident": x.IncidentKey != 0, "incidentKey": reference(x.IncidentKey),
		"startDate": date(x.Start), "endDate": date(x.End), "tenantId": tenant, scopeField: key(x.ScopeKey),
	}
}

func variables(e *embedded.Engine, q query) []record {
	return collect(e.Variables(q.exactKey("processInstanceKey")), variable)
}

func variable(v embedded.Variable) record {
	return record{
		"variableKey": key(v.Key), "name": v.Name, "value": v.Value, "isTruncated": false, "scopeKey": key(v.ScopeKey),
		"processInstanceKey": key(v.ProcessInstanceKey), "tenantId": tenant,
	}
}

func incidents(e *embedded.Engine, q query) []record {
	return collect(e.Incidents(q.exactKey("processInstanceKey")), incident)
}

func incident(i embedded.Incident) record {
	state := "ACTIVE"
	if i.Resolved {
		state = "RESOLVED"
	}
	return record{
		"incidentKey": key(i.Key), "processInstanceKey": key(i.ProcessInstanceKey), "elementInstanceKey": key(i.ElementInstanceKey),
		"processDefinitionKey": key(i.Definition.Key), "processDefinitionId": i.Definition.ProcessID, "elementId": i.ElementID,
		"jobKey": reference(i.JobKey), "errorType": i.Type, "errorMessage": i.Message, "creationTime": date(i.Created),
		"state": state, "tenantId": tenant,
	}
}

func subscriptions(e *embedded.Engine, _ query) []record {
	return collect(e.MessageSubscriptions(), subscription)
}

func subscription(s embedded.MessageSubscription) record {
	return record{
		"messageSubscriptionKey": key(s.Key), "processDefinitionId": s.Definition.ProcessID, "processDefinitionKey": key(s.Definition.Key),
		"processInstanceKey": reference(s.ProcessInstanceKey), "elementId": s.ElementID, "elementInstanceKey": reference(s.ElementInstanceKey),
		"messageSubscriptionState": "CREATED", "lastUpdatedDate": date(s.Since), "messageName": s.MessageName,
		"correlationKey": text(s.CorrelationKey), "tenantId": tenant,
	}
}

// exact gives the filter's value for a field when it asks for that one value, else "".
func (q query) exact(field string) string {
	s, _ := q.Filter[field].(string)
	return s
}

// exactKey is exact for a key; 0 means that the filter does not ask for one.
func (q query) exactKey(field string) int64 {
	n, _ := strconv.ParseInt(q.exact(field), 10, 64)
	return n
}
