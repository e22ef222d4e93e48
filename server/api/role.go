package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"patchbay/server/audit"
)

// Role is what a caller may do; each includes those before it.
type Role int

// The roles.
const (
	Read Role = iota + 1
	Publish
	Admin
)

// roleTexts name the roles and the settings that give them.
var roleTexts = map[Role]struct{ name, flag string }{
	Read: {"read", "--read-token"}, Publish: {"publish", "--publish-token"}, Admin: {"admin", "--api-token"},
}

// String returns the role's name.
func (r Role) String() string { return roleTexts[r].name }

// permission is what an operation asks for, and what the audit log calls it
// when it is refused.
type permission struct {
	role   Role
	action audit.Action
}

// permissions decide which operation needs which role. What is not listed needs
// Read to look and Admin to change.
var permissions = map[string]permission{
	"publish-templates":    {Publish, audit.Publish},
	"try-template":         {Publish, ""},
	"lint-templates":       {Read, ""},
	"template-form":        {Read, ""},
	"template-from-curl":   {Read, ""},
	"evaluate":             {Read, ""},
	"complete":             {Read, ""},
	"deprecate-template":   {Publish, audit.Deprecate},
	"undeprecate-template": {Publish, audit.Undeprecate},
	"delete-template":      {Admin, audit.Delete},
	"deploy":               {Admin, audit.Deploy},
	"pause-inbound":        {Admin, audit.PauseInbound},
	"resume-inbound":       {Admin, audit.ResumeInbound},
	"restart-inbound":      {Admin, audit.RestartInbound},
	"replay-dead-letter":   {Admin, audit.Replay},
	"discard-dead-letter":  {Admin, audit.DiscardLetter},
	"list-audit":           {Admin, ""},
}

func permissionOf(op *huma.Operation) permission {
	if p, listed := permissions[op.OperationID]; listed {
		return p
	}
	if op.Method == http.MethodGet || op.Method == http.MethodHead {
		return permission{role: Read}
	}
	return permission{role: Admin}
}

type roleKey struct{}

// RoleOf returns the role of a request that Access has let pass, else 0.
func RoleOf(ctx context.Context) Role {
	role, _ := ctx.Value(roleKey{}).(Role)
	return role
}

// permit lets a request pass whose role is enough for its operation.
func permit(recorder audit.Recorder) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		op := ctx.Operation()
		need := permissionOf(op)
		p := insufficient(ctx.Context(), need.role)
		if p == nil {
			next(ctx)
			return
		}
		if need.action != "" {
			url := ctx.URL()
			recorder.Record(ctx.Context(), need.action, url.Path, errors.New(p.Detail))
		}
		ctx.SetHeader("Content-Type", p.ContentType(""))
		ctx.SetStatus(p.Status)
		p.encode(ctx.BodyWriter())
	}
}

// insufficient says that the caller's role is too small, or nil.
func insufficient(ctx context.Context, need Role) *Problem {
	role := RoleOf(ctx)
	if role >= need {
		return nil
	}
	return problem(http.StatusForbidden, fmt.Sprintf("the token %q has the role %s, but this needs %s: use a token of %s",
		audit.ActorOf(ctx).Name, cmp.Or(role.String(), "none"), need, flagsFrom(need)))
}

// flagsFrom names the settings that give a role or more.
func flagsFrom(need Role) string {
	text := roleTexts[need].flag
	for r := need + 1; r <= Admin; r++ {
		text += " or " + roleTexts[r].flag
	}
	return text
}
