package httpx

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"testing"
)

// encrypt returns a PKCS#8 key encrypted as openssl does by default: PBKDF2
// with HMAC-SHA-256, AES-256-CBC.
func encrypt(t testing.TB, keyPEM, password string) string {
	t.Helper()
	block, _ := pem.Decode([]byte(keyPEM))
	salt, iv := []byte("saltsalt"), []byte("0123456789abcdef")
	key, err := pbkdf2.Key(sha256.New, password, salt, 100, 32)
	if err != nil {
		t.Fatal(err)
	}
	c, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	padding := aes.BlockSize - len(block.Bytes)%aes.BlockSize
	data := block.Bytes
	for range padding {
		data = append(data, byte(padding))
	}
	cipher.NewCBCEncrypter(c, iv).CryptBlocks(data, data)
	raw := func(v any) asn1.RawValue { return asn1.RawValue{FullBytes: der(t, v)} }
	algorithm := func(oid asn1.ObjectIdentifier, params any) pkix.AlgorithmIdentifier {
		return pkix.AlgorithmIdentifier{Algorithm: oid, Parameters: raw(params)}
	}
	scheme := pbes2{
		Derivation: algorithm(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}, pbkdf2Params{
			Salt: salt, Iterations: 100, PRF: pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}, Parameters: asn1.NullRawValue},
		}),
		Scheme: algorithm(asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}, iv),
	}
	encrypted := encryptedKey{Algorithm: algorithm(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}, scheme), Data: data}
	return string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der(t, encrypted)}))
}

func der(t testing.TB, v any) []byte {
	t.Helper()
	out, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func FuzzDecryptPKCS8(f *testing.F) {
	f.Add([]byte("\x30\x00"))
	f.Fuzz(func(t *testing.T, der []byte) {
		_, _ = decryptPKCS8(der, "password")
	})
}
