package httpx

import (
	"context"
	"encoding/base64"
	"net/http"

	"patchbay/protocols"
)

// Auth is the input "authentication" of the protocols on HTTP.
type Auth struct {
	Type     string `bind:"type,required" enum:"noAuth basic bearer apiKey oauth-client-credentials-flow oauth-refresh-token" doc:"How to authenticate; without authentication at all, noAuth."`
	Username string `bind:"username,required" when:"type=basic" doc:"User name."`
	Password string `bind:"password,secret" when:"type=basic" doc:"Password; may be empty."`
	Token    string `bind:"token,required,secret" when:"type=bearer" doc:"Bearer token."`

	APIKeyLocation string `bind:"apiKeyLocation,required" enum:"headers query" when:"type=apiKey" doc:"Where the API key goes: into a header or the query."`
	Name           string `bind:"name,required" when:"type=apiKey" doc:"Name of the header or query parameter."`
	Value          string `bind:"value,required,secret" when:"type=apiKey" doc:"The API key."`

	TokenEndpoint        string `bind:"oauthTokenEndpoint,required" when:"type=oauth-client-credentials-flow|oauth-refresh-token" pattern:"^[hH][tT][tT][pP][sS]?://" expected:"an http(s) URL" doc:"URL of the token endpoint."`
	ClientID             string `bind:"clientId,required" when:"type=oauth-client-credentials-flow|oauth-refresh-token" doc:"Client ID."`
	ClientSecret         string `bind:"clientSecret,secret" when:"type=oauth-client-credentials-flow|oauth-refresh-token" doc:"Client secret; needed for client credentials."`
	ClientAuthentication string `bind:"clientAuthentication,required" enum:"basicAuthHeader credentialsBody" when:"type=oauth-client-credentials-flow" doc:"Whether client ID and secret go into a header or into the body of the token request."`
	Audience             string `bind:"audience" when:"type=oauth-client-credentials-flow" doc:"Audience to ask a token for."`
	Scopes               string `bind:"scopes" when:"type=oauth-client-credentials-flow|oauth-refresh-token" doc:"Scopes to ask for, separated by blanks."`
	RefreshToken         string `bind:"refreshToken,required,secret" when:"type=oauth-refresh-token" doc:"Refresh token. A new one that the server sends instead is used from then on."`
}

// The values of Auth.Type.
const (
	authBasic             = "basic"
	authBearer            = "bearer"
	authAPIKey            = "apiKey"
	authClientCredentials = "oauth-client-credentials-flow"
	authRefreshToken      = "oauth-refresh-token"
)

// emptyPassword is the text by which templates ask for an empty password.
const emptyPassword = "SPEC_PASSWORD_EMPTY_PATTERN"

// Validate checks what depends on more than one field.
func (a *Auth) Validate() error {
	if a.Type == authClientCredentials && a.ClientSecret == "" {
		return &protocols.InputError{Path: "clientSecret", Message: "is required, but is missing"}
	}
	return nil
}

// Params returns the API key if it belongs into the query.
func (a *Auth) Params() []Param {
	if a.Type != authAPIKey || a.APIKeyLocation != "query" {
		return nil
	}
	return []Param{{Name: a.Name, Value: a.Value}}
}

// apply sets the header that a type without tokens needs. It replaces one that
// is there already.
func (a *Auth) apply(header http.Header) {
	switch {
	case a.Type == authBasic:
		header["Authorization"] = []string{basic(a.Username, a.Password)}
	case a.Type == authBearer:
		header["Authorization"] = []string{"Bearer " + a.Token}
	case a.Type == authAPIKey && a.APIKeyLocation == "headers":
		header.Set(a.Name, a.Value)
	}
}

func basic(user, password string) string {
	if password == emptyPassword {
		password = ""
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func (a *Auth) usesToken() bool { return a.Type == authClientCredentials || a.Type == authRefreshToken }

// Authenticate sets the authentication's header and calls send. If the server
// refuses a token from the cache with 401, the token is dropped and send is
// called once more, with a new one. ctx carries the call's Options.
func (c *Client) Authenticate(ctx context.Context, a *Auth, header http.Header, send func() (*http.Response, error)) (*http.Response, error) {
	if !a.usesToken() {
		a.apply(header)
		return send()
	}
	for {
		token, fresh, err := c.token(ctx, a)
		if err != nil {
			return nil, err
		}
		header["Authorization"] = []string{"Bearer " + token}
		resp, err := send()
		if err != nil || resp.StatusCode != http.StatusUnauthorized {
			return resp, err
		}
		c.tokens.forget(a, token)
		if fresh {
			return resp, nil
		}
	}
}

// Credential is the input "authenticationConfiguration": authentication that
// several connectors share.
type Credential struct {
	Authentication Auth `bind:"authentication,required" doc:"How to authenticate."`
}

// Choose returns the authentication that counts: the shared one, if there is
// one.
func (c *Credential) Choose(own *Auth) *Auth {
	if c != nil {
		return &c.Authentication
	}
	return own
}
