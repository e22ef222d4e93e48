package webhook

import (
	"fmt"
	"strings"
	"time"

	"patchbay/protocols"
)

// Properties are the properties of an element with inbound.type
// io.camunda:webhook:1. Values that are known before any request are evaluated by
// the engine when the listener is opened, the expressions for each request.
type Properties struct {
	Inbound Inbound `bind:"inbound,required" doc:"The webhook."`
}

// Inbound are the properties below "inbound.".
type Inbound struct {
	Context string `bind:"context,required" doc:"Path of the webhook below /inbound/."`
	Method  string `bind:"method" enum:"any get post put delete patch head" default:"any" doc:"HTTP method that is accepted."`

	ShouldValidateHmac string `bind:"shouldValidateHmac" enum:"disabled enabled" default:"disabled" doc:"Whether requests carry an HMAC."`
	HmacSecret         string `bind:"hmacSecret,required,secret" when:"shouldValidateHmac=enabled" doc:"Key of the HMAC."`
	HmacHeader         string `bind:"hmacHeader,required" when:"shouldValidateHmac=enabled" doc:"Header that carries the HMAC, in hexadecimal, with or without a prefix such as sha256=, or in Base64."`
	HmacAlgorithm      string `bind:"hmacAlgorithm" enum:"sha_1 sha_256 sha_512" default:"sha_256" doc:"Hash of the HMAC."`
	HmacScopes         any    `bind:"hmacScopes" doc:"What the HMAC covers: a list of url, parameters and body; the body by default."`

	Signature Signature `bind:"signature" doc:"How the sender's signature is verified."`
	Auth      Auth      `bind:"auth" doc:"How callers authenticate."`

	VerificationExpression string `bind:"verificationExpression" doc:"Answers the caller's one-time challenge: the response {body, headers, statusCode} for it, null for every other request."`
	ResponseExpression     string `bind:"responseExpression" doc:"The response {body, headers, statusCode} after correlation."`
	ResponseBodyExpression string `bind:"responseBodyExpression" doc:"The response's body; older templates write it instead of responseExpression."`

	ResponseTimeout time.Duration `bind:"responseTimeout" default:"PT30S" doc:"How long a request may take, the wait for a synchronous result included."`
}

// Signature are the properties below "inbound.signature.".
type Signature struct {
	Scheme    string        `bind:"scheme" enum:"none standard-webhooks stripe slack github shopify discord custom" default:"none" doc:"How the sender signs its requests."`
	Secrets   any           `bind:"secrets,secret" doc:"The signing secrets or public keys: one, or several while they are exchanged, as a list or separated by blanks or commas."`
	Tolerance time.Duration `bind:"tolerance" default:"PT5M" doc:"How far the signature's time may be from ours."`

	Header          string `bind:"header" doc:"Header that carries the signature, if not the scheme's own."`
	TimestampHeader string `bind:"timestampHeader" doc:"Header that carries the signature's time in seconds since 1970."`
	IDHeader        string `bind:"idHeader" doc:"Header that carries the delivery's unique id; it becomes the message id."`
	Content         string `bind:"content" doc:"What is signed: text with {body}, {timestamp}, {id} and {url}."`
	Prefix          string `bind:"prefix" doc:"Text before the signature in its header, such as sha256=."`
	Encoding        string `bind:"encoding" enum:"hex base64" doc:"How the signature is written."`
	Algorithm       string `bind:"algorithm" enum:"hmac-sha1 hmac-sha256 hmac-sha512 ed25519" doc:"How the signature is made."`
}

// Auth are the properties below "inbound.auth.".
type Auth struct {
	Type          string `bind:"type" enum:"NONE BASIC APIKEY JWT" default:"NONE" doc:"How callers authenticate."`
	Username      string `bind:"username,required" when:"type=BASIC" doc:"User name."`
	Password      string `bind:"password,secret" when:"type=BASIC" doc:"Password."`
	APIKey        string `bind:"apiKey,required,secret" when:"type=APIKEY" doc:"The API key."`
	APIKeyLocator string `bind:"apiKeyLocator" when:"type=APIKEY" doc:"Expression that finds the API key in the request; by default the second word of the Authorization header."`
	JWT           JWT    `bind:"jwt" doc:"Which tokens are accepted, with the type JWT."`
}

// JWT are the properties below "inbound.auth.jwt.".
type JWT struct {
	JWKURL                string `bind:"jwkUrl" doc:"URL of the JSON Web Key Set with the issuer's public keys."`
	Issuer                any    `bind:"issuer" doc:"The issuer that tokens must name; any if empty."`
	Audience              any    `bind:"audience" doc:"The audiences of which tokens must name one; any if empty."`
	PermissionsExpression string `bind:"permissionsExpression" doc:"Expression over the token's claims that yields the caller's permissions."`
	RequiredPermissions   any    `bind:"requiredPermissions" doc:"The permissions that the caller must have."`
}

// Validate checks what depends on more than one property.
func (in *Inbound) Validate() error {
	if err := checkPath(in.Context); err != nil {
		return &protocols.InputError{Path: "context", Message: err.Error()}
	}
	if in.Signature.Scheme != "none" && in.Signature.Secrets == nil {
		return missing("signature.secrets")
	}
	if in.Auth.Type == "JWT" && in.Auth.JWT.JWKURL == "" {
		return missing("auth.jwt.jwkUrl")
	}
	if in.ResponseTimeout <= 0 {
		return &protocols.InputError{Path: "responseTimeout", Message: "expected a positive duration"}
	}
	return nil
}

func missing(path string) error {
	return &protocols.InputError{Path: path, Message: "is required, but is missing"}
}

// maxPath bounds a path, in bytes.
const maxPath = 512

// checkPath refuses paths that no request could have or that would not mean
// what they say.
func checkPath(path string) error {
	switch {
	case path == "":
		return fmt.Errorf("the path is empty")
	case len(path) > maxPath:
		return fmt.Errorf("the path has %d bytes, expected at most %d", len(path), maxPath)
	case strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || strings.ContainsRune("?#%\\\x7f", r) }):
		return fmt.Errorf("the path %q holds a character that a path cannot have", path)
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "" || segment == "." || segment == ".." {
			return fmt.Errorf("the path %q has the segment %q", path, segment)
		}
	}
	return nil
}
