package documents

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"patchbay/protocols"
	"patchbay/protocols/httpx"
)

// How long a GitHub App's token of its own is valid: from a minute ago, as
// clocks differ, for less than the ten minutes that GitHub allows at most.
const (
	jwtBefore = time.Minute
	jwtAfter  = 9 * time.Minute
)

// githubToken gets an installation access token of a GitHub App (GitHub REST
// API, "Create an installation access token for an app").
func (r *Resolver) githubToken(ctx context.Context, params []any) (any, error) {
	key, err := rsaKey(fmt.Sprint(params[0]))
	if err != nil {
		return nil, wrong("createGithubAppInstallationToken: the private key: %v", err)
	}
	token, err := signed(key, fmt.Sprint(params[1]), r.client.Host().Now())
	if err != nil {
		return nil, err
	}
	address := r.github + "/app/installations/" + url.PathEscape(fmt.Sprint(params[2])) + "/access_tokens"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/vnd.github+json")
	req.Header.Set("User-Agent", "patchbay")
	resp, err := r.client.HTTP().Do(req)
	if err != nil {
		return nil, httpx.AsError(err, "")
	}
	if resp.StatusCode >= 300 {
		return nil, r.client.StatusError(resp)
	}
	var answer struct{ Token string }
	if err := json.Unmarshal(httpx.Content(resp), &answer); err != nil || answer.Token == "" {
		return nil, &protocols.Error{Code: "OAUTH_TOKEN_ERROR", Status: resp.StatusCode, Message: "GitHub's answer holds no token", Cause: err}
	}
	return answer.Token, nil
}

// rsaKey reads a private key in PEM, PKCS#1 or PKCS#8. Line ends may be
// missing or written as backslash and n, as secrets often hold them.
func rsaKey(text string) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(strings.ReplaceAll(text, `\n`, "\n")))
	if block == nil {
		return nil, errors.New("expected PEM")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("expected an RSA key")
	}
	return key, nil
}

// signed returns a JSON Web Token by RS256 (RFC 7519, RFC 7518 3.3).
func signed(key *rsa.PrivateKey, issuer string, now time.Time) (string, error) {
	claims, err := json.Marshal(map[string]any{"iat": now.Add(-jwtBefore).Unix(), "exp": now.Add(jwtAfter).Unix(), "iss": issuer})
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + encode(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("sign the GitHub App's token: %w", err)
	}
	return text + "." + encode(signature), nil
}
