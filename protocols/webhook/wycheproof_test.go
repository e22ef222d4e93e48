package webhook

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
)

// wycheproofDir is where the module cache holds the test vectors. They are read
// as files, because the module's package embeds all 100 MB of them.
var wycheproofDir = sync.OnceValue(func() string {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/c2sp/wycheproof").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
})

// vectors are a file of test vectors; each kind uses some of the fields.
type vectors struct {
	TestGroups []struct {
		Comment   string
		TagSize   int
		PublicKey struct{ Pk string }
		Public    json.RawMessage
		Tests     []struct {
			TcID                    int
			Comment, Result         string
			Key, Msg, Tag, Sig, JWS string
		}
	}
}

func wycheproof(t *testing.T, name string) vectors {
	t.Helper()
	if wycheproofDir() == "" {
		t.Skip("the module github.com/c2sp/wycheproof is not in the module cache; go mod download fetches it")
	}
	content, err := os.ReadFile(filepath.Join(wycheproofDir(), "testvectors_v1", name))
	if err != nil {
		t.Skipf("the test vectors are not there: %v", err)
	}
	var v vectors
	if err := json.Unmarshal(content, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWycheproofHMAC(t *testing.T) {
	for name, a := range map[string]algorithm{"hmac_sha1_test.json": hmacSHA1, "hmac_sha256_test.json": hmacSHA256, "hmac_sha512_test.json": hmacSHA512} {
		size, checked := hashes[a]().Size()*8, 0
		for _, g := range wycheproof(t, name).TestGroups {
			for _, test := range g.Tests {
				// We take whole tags only, so every shorter one is refused.
				want := test.Result == "valid" && g.TagSize == size
				v := verifier{scheme: scheme{content: "{body}"}, parts: []string{"{body"}, keys: []key{{hmac: unhex(t, test.Key)}}}
				s := signed{signatures: []signature{{a, unhex(t, test.Tag)}}}
				if got := v.matches(s, unhex(t, test.Msg)); got != want {
					t.Errorf("%s %d %s: got %v, want %v", name, test.TcID, test.Comment, got, want)
				}
				checked++
			}
		}
		if checked < 100 {
			t.Errorf("%s: only %d vectors", name, checked)
		}
	}
}

func TestWycheproofEd25519(t *testing.T) {
	checked := 0
	for _, g := range wycheproof(t, "ed25519_test.json").TestGroups {
		for _, test := range g.Tests {
			v := verifier{parts: []string{"{body"}, keys: []key{{public: ed25519.PublicKey(unhex(t, g.PublicKey.Pk))}}}
			s := signed{signatures: []signature{{ed25519Sig, unhex(t, test.Sig)}}}
			if got, want := v.matches(s, unhex(t, test.Msg)), test.Result == "valid"; got != want {
				t.Errorf("%d %s: got %v, want %v", test.TcID, test.Comment, got, want)
			}
			checked++
		}
	}
	if checked < 100 {
		t.Errorf("only %d vectors", checked)
	}
}

// The payloads of the vectors are no claims, so what a token's check does before
// it reads them is done here: algorithm, key, signature.
func TestWycheproofJWS(t *testing.T) {
	checked := 0
	for _, g := range wycheproof(t, "json_web_signature_test.json").TestGroups {
		keys, err := readKeys([]byte(`{"keys":[` + string(g.Public) + `]}`))
		for _, test := range g.Tests {
			// Shared keys are never taken. The vectors from RFC 7520 have keys
			// of "ES521", which there is not, and of PS256 with tokens of
			// PS384, while a key is for one algorithm (RFC 8725, 3.1).
			otherAlgorithm := strings.Contains(string(g.Public), `"ES521"`) || test.Comment == "Figure20"
			want := test.Result == "valid" && g.Public != nil && !otherAlgorithm
			got := err == nil && validJWS(t, test.JWS, keys)
			if got != want {
				t.Errorf("%s %d %s: got %v, want %v", g.Comment, test.TcID, test.Comment, got, want)
			}
			checked++
		}
	}
	if checked < 400 {
		t.Errorf("only %d vectors", checked)
	}
}

func validJWS(t *testing.T, text string, keys []jwkset.JWK) bool {
	parts := strings.Split(text, ".")
	parser := jwt.NewParser()
	if len(parts) != 3 {
		return false
	}
	var header map[string]any
	head, err := parser.DecodeSegment(parts[0])
	if err != nil || json.Unmarshal(head, &header) != nil {
		return false
	}
	alg, _ := header["alg"].(string)
	sig, err := parser.DecodeSegment(parts[2])
	if err != nil || !slices.Contains(methods, alg) {
		return false
	}
	set := &keySet{now: time.Now}
	set.keep(keys, nil)
	token := &jwt.Token{Header: header, Method: jwt.GetSigningMethod(alg)}
	public, err := set.keyFor(t.Context())(token)
	if err != nil {
		return false
	}
	candidates := []jwt.VerificationKey{public}
	if set, ok := public.(jwt.VerificationKeySet); ok {
		candidates = set.Keys
	}
	return slices.ContainsFunc(candidates, func(k jwt.VerificationKey) bool {
		return token.Method.Verify(parts[0]+"."+parts[1], sig, k) == nil
	})
}
