package webhook

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// key is a signing secret or a public key, one of the two.
type key struct {
	hmac   []byte
	public ed25519.PublicKey
}

// suits reports whether signatures of an algorithm can be checked with the key.
func (k key) suits(a algorithm) bool { return (a == ed25519Sig) == (k.public != nil) }

// encoding is how bytes are written as text.
type encoding struct {
	read  func(text string) ([]byte, error)
	write func(bytes []byte) string
}

var (
	inHex    = encoding{hexText, hex.EncodeToString}
	inBase64 = encoding{base64Text, base64.StdEncoding.EncodeToString}
)

func hexText(text string) ([]byte, error) { return hex.DecodeString(text) }

// base64Text reads the standard alphabet, with or without padding.
func base64Text(text string) ([]byte, error) {
	return base64.RawStdEncoding.Strict().DecodeString(strings.TrimRight(text, "="))
}

var encodings = map[string]encoding{"hex": inHex, "base64": inBase64}

// plainSecret takes a secret's bytes as they are; a public key is hexadecimal
// or Base64.
func plainSecret(text string, algorithms []algorithm) (key, error) {
	if !slices.Contains(algorithms, ed25519Sig) {
		return key{hmac: []byte(text)}, nil
	}
	if public, err := hexText(text); err == nil && len(public) == ed25519.PublicKeySize {
		return key{public: public}, nil
	}
	return publicKey(text)
}

// standardSecret reads the secrets of Standard Webhooks: whsec_ and Base64 for a
// shared secret, also without the prefix, whpk_ and Base64 for a public key.
func standardSecret(text string, _ []algorithm) (key, error) {
	if public, ok := strings.CutPrefix(text, "whpk_"); ok {
		return publicKey(public)
	}
	if strings.HasPrefix(text, "whsk_") {
		return key{}, errors.New("whsk_ begins a private key, which only the sender has; expected whpk_")
	}
	secret, err := base64Text(strings.TrimPrefix(text, "whsec_"))
	if err != nil {
		return key{}, errors.New("expected whsec_ and Base64")
	}
	return key{hmac: secret}, nil
}

func publicKey(text string) (key, error) {
	public, err := base64Text(text)
	if err != nil || len(public) != ed25519.PublicKeySize {
		return key{}, fmt.Errorf("expected an Ed25519 public key of %d bytes", ed25519.PublicKeySize)
	}
	return key{public: public}, nil
}

// maxSecrets bounds the secrets of an element.
const maxSecrets = 16

// readSecrets reads the secrets of a scheme. Errors never show them.
func (s *scheme) readSecrets(texts []string) ([]key, error) {
	if len(texts) == 0 || len(texts) > maxSecrets {
		return nil, fmt.Errorf("expected 1 to %d secrets but got %d", maxSecrets, len(texts))
	}
	keys := make([]key, len(texts))
	for i, text := range texts {
		var err error
		if keys[i], err = s.secret(text, s.algorithms()); err != nil {
			return nil, fmt.Errorf("secret %d: %w", i+1, err)
		}
		if len(keys[i].hmac) == 0 && keys[i].public == nil {
			return nil, fmt.Errorf("secret %d is empty", i+1)
		}
	}
	return keys, nil
}

func (s *scheme) algorithms() []algorithm {
	list := make([]algorithm, 0, len(s.versions))
	for _, a := range s.versions {
		list = append(list, a)
	}
	return list
}
