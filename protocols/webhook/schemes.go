package webhook

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
)

// scheme describes how a sender signs its requests. Schemes are data: a new
// sender is a new entry, or the scheme "custom" with the properties of an
// element.
type scheme struct {
	// signature are the headers that may carry signatures; the first that is
	// there counts.
	signature []string
	// separator stands between several signatures in the header; empty if it
	// carries one.
	separator string
	// assign stands between a signature's version and its text; empty if
	// signatures have no version.
	assign string
	// prefix stands before a signature without a version.
	prefix string
	// versions are the algorithms by version; under "" that of signatures
	// without one.
	versions map[string]algorithm
	// encoding is how signatures are written.
	encoding encoding
	// timestamp are the headers that may carry the time, in seconds since
	// 1970; timestampItem is its version among the signatures instead.
	timestamp     []string
	timestampItem string
	// id are the headers that may carry the delivery's unique id.
	id []string
	// content is what is signed: text with {body}, {timestamp}, {id}, {url}.
	content string
	// secret reads a secret.
	secret func(text string, algorithms []algorithm) (key, error)
}

// algorithm makes signatures.
type algorithm string

const (
	hmacSHA1   algorithm = "hmac-sha1"
	hmacSHA256 algorithm = "hmac-sha256"
	hmacSHA512 algorithm = "hmac-sha512"
	ed25519Sig algorithm = "ed25519"
)

var hashes = map[algorithm]func() hash.Hash{hmacSHA1: sha1.New, hmacSHA256: sha256.New, hmacSHA512: sha512.New}

// schemes are the known schemes, from the senders' documentation:
// standardwebhooks.com (specification 1.0.0), docs.stripe.com/webhooks,
// api.slack.com/authentication/verifying-requests-from-slack,
// docs.github.com/webhooks, shopify.dev/docs/apps/build/webhooks and
// discord.com/developers/docs/interactions.
var schemes = map[string]scheme{
	"standard-webhooks": {
		signature: []string{"Webhook-Signature", "Svix-Signature"}, separator: " ", assign: ",",
		versions: map[string]algorithm{"v1": hmacSHA256, "v1a": ed25519Sig}, encoding: inBase64,
		timestamp: []string{"Webhook-Timestamp", "Svix-Timestamp"}, id: []string{"Webhook-Id", "Svix-Id"},
		content: "{id}.{timestamp}.{body}", secret: standardSecret,
	},
	"stripe": {
		signature: []string{"Stripe-Signature"}, separator: ",", assign: "=",
		versions: map[string]algorithm{"v1": hmacSHA256}, encoding: inHex,
		timestampItem: "t", content: "{timestamp}.{body}", secret: plainSecret,
	},
	"slack": {
		signature: []string{"X-Slack-Signature"}, prefix: "v0=",
		versions: map[string]algorithm{"": hmacSHA256}, encoding: inHex,
		timestamp: []string{"X-Slack-Request-Timestamp"}, content: "v0:{timestamp}:{body}", secret: plainSecret,
	},
	"github": {
		signature: []string{"X-Hub-Signature-256"}, prefix: "sha256=",
		versions: map[string]algorithm{"": hmacSHA256}, encoding: inHex,
		id: []string{"X-Github-Delivery"}, content: "{body}", secret: plainSecret,
	},
	"shopify": {
		signature: []string{"X-Shopify-Hmac-Sha256"},
		versions:  map[string]algorithm{"": hmacSHA256}, encoding: inBase64,
		id: []string{"X-Shopify-Webhook-Id"}, content: "{body}", secret: plainSecret,
	},
	"discord": {
		signature: []string{"X-Signature-Ed25519"},
		versions:  map[string]algorithm{"": ed25519Sig}, encoding: inHex,
		timestamp: []string{"X-Signature-Timestamp"}, content: "{timestamp}{body}", secret: plainSecret,
	},
	"custom": {
		versions: map[string]algorithm{"": hmacSHA256}, encoding: inHex, content: "{body}", secret: plainSecret,
	},
}
