package webhook

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

const (
	// keysAge is how long fetched keys are used before they are fetched again.
	keysAge = 10 * time.Minute
	// keysPause is the least time between two fetches, whoever asks: a token
	// with an unknown key costs nothing more.
	keysPause = 6 * time.Second
	// keysTimeout bounds a fetch.
	keysTimeout = 10 * time.Second
	// maxKeys and maxKeySet bound a key set.
	maxKeys   = 100
	maxKeySet = 1 << 20
)

// errNoKeys means that no keys could be fetched so far.
var errNoKeys = errors.New("no key set")

// keySet is a JSON Web Key Set (RFC 7517), fetched when a token needs it.
type keySet struct {
	url    string
	client *http.Client
	now    func() time.Time

	fetching sync.Mutex
	mu       sync.Mutex
	keys     keyfunc.Keyfunc
	ids      map[string]bool
	fetched  time.Time
	tried    time.Time
	err      error
}

// keyFor returns what finds a token's key.
func (k *keySet) keyFor(ctx context.Context) jwt.Keyfunc {
	return func(token *jwt.Token) (any, error) {
		id, _ := token.Header["kid"].(string)
		keys, err := k.current(ctx, id)
		if err != nil {
			return nil, err
		}
		if strict := strictPSS[token.Method.Alg()]; strict != nil {
			token.Method = strict
		}
		return keys.KeyfuncCtx(ctx)(token)
	}
}

// strictPSS are the PSS methods with a salt as long as the hash, as RFC 7518,
// 3.5 wants it; the library takes any length.
var strictPSS = map[string]jwt.SigningMethod{
	"PS256": strictly(jwt.SigningMethodPS256),
	"PS384": strictly(jwt.SigningMethodPS384),
	"PS512": strictly(jwt.SigningMethodPS512),
}

func strictly(m *jwt.SigningMethodRSAPSS) jwt.SigningMethod {
	strict := *m
	strict.VerifyOptions = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
	return &strict
}

// current returns the keys, fetched again when they are old or lack the one
// that is asked for.
func (k *keySet) current(ctx context.Context, id string) (keyfunc.Keyfunc, error) {
	keys, due, err := k.look(id)
	if !due {
		return keys, err
	}
	if keys == nil {
		k.fetching.Lock() // nothing to go by: wait for whoever fetches
	} else if !k.fetching.TryLock() {
		return keys, nil
	}
	defer k.fetching.Unlock()
	if keys, due, err = k.look(id); !due {
		return keys, err
	}
	k.keep(k.fetch(ctx))
	keys, _, err = k.look(id)
	return keys, err
}

func (k *keySet) look(id string) (keys keyfunc.Keyfunc, due bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	due = k.keys == nil || now.Sub(k.fetched) > keysAge || id != "" && !k.ids[id]
	if !k.tried.IsZero() && now.Sub(k.tried) < keysPause {
		due = false
	}
	if k.keys == nil {
		err = fmt.Errorf("%w: %w", errNoKeys, k.err)
	}
	return k.keys, due, err
}

// keep takes the result of a fetch; keys that were good stay when it failed.
func (k *keySet) keep(keys []jwkset.JWK, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tried, k.err = k.now(), err
	if err != nil {
		return
	}
	storage := jwkset.NewMemoryStorage()
	ids := map[string]bool{}
	for _, key := range keys {
		ids[key.Marshal().KID] = true
	}
	_ = storage.KeyReplaceAll(context.Background(), keys) // in memory, where nothing fails
	made, err := keyfunc.New(keyfunc.Options{Storage: storage})
	if err != nil {
		k.err = err
		return
	}
	k.keys, k.ids, k.fetched = made, ids, k.tried
}

// fetch gets the key set. The caller's request ending does not end it, as others
// may wait for the keys too.
func (k *keySet) fetch(ctx context.Context) ([]jwkset.JWK, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keysTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, nil)
	if err != nil {
		return nil, fmt.Errorf("fetch the key set: %w", err)
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	resp, err := k.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("fetch the key set: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch the key set from %s: status %d", k.url, resp.StatusCode)
	}
	content, err := io.ReadAll(io.LimitReader(resp.Body, maxKeySet))
	if err != nil {
		return nil, fmt.Errorf("fetch the key set from %s: %w", k.url, err)
	}
	return readKeys(content)
}

// readKeys returns the public keys of a key set. Keys of kinds that are not
// known, broken ones and shared secrets are left out, as RFC 7517, 5 asks.
func readKeys(content []byte) ([]jwkset.JWK, error) {
	var set jwkset.JWKSMarshal
	if err := json.Unmarshal(content, &set); err != nil {
		return nil, fmt.Errorf("read the key set: %w", err)
	}
	var keys []jwkset.JWK
	for _, marshalled := range set.Keys[:min(len(set.Keys), maxKeys)] {
		key, err := jwkset.NewJWKFromMarshal(marshalled, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
		if err == nil && usable(marshalled) {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("read the key set: it has no usable public key")
	}
	return keys, nil
}

// usable reports whether a key is public and meant to verify signatures.
func usable(key jwkset.JWKMarshal) bool {
	forVerifying := len(key.KEYOPS) == 0 || slices.Contains(key.KEYOPS, jwkset.KeyOpsVerify)
	return key.KTY != jwkset.KtyOct && forVerifying && (key.USE == "" || key.USE == jwkset.UseSig)
}
