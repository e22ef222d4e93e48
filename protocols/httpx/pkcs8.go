package httpx

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"hash"
)

// maxIterations bounds the work that a key file can ask for.
const maxIterations = 2_000_000

// encryptedKey is EncryptedPrivateKeyInfo (RFC 5958, 3).
type encryptedKey struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

// pbes2 is PBES2-params (RFC 8018, A.4).
type pbes2 struct{ Derivation, Scheme pkix.AlgorithmIdentifier }

// pbkdf2Params is PBKDF2-params (RFC 8018, A.2).
type pbkdf2Params struct {
	Salt       []byte
	Iterations int
	KeyLength  int                      `asn1:"optional"`
	PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
}

const (
	oidPBES2  = "1.2.840.113549.1.5.13"
	oidPBKDF2 = "1.2.840.113549.1.5.12"
)

var hashes = map[string]func() hash.Hash{
	"":                    sha1.New, // the default of RFC 8018
	"1.2.840.113549.2.7":  sha1.New,
	"1.2.840.113549.2.9":  sha256.New,
	"1.2.840.113549.2.10": sha512.New384,
	"1.2.840.113549.2.11": sha512.New,
}

var ciphers = map[string]struct {
	keyLength int
	open      func([]byte) (cipher.Block, error)
}{
	"2.16.840.1.101.3.4.1.2":  {16, aes.NewCipher},
	"2.16.840.1.101.3.4.1.22": {24, aes.NewCipher},
	"2.16.840.1.101.3.4.1.42": {32, aes.NewCipher},
	"1.2.840.113549.3.7":      {24, des.NewTripleDESCipher},
}

// decryptPKCS8 opens a private key that is encrypted with a password, by
// PBKDF2 and AES or triple DES in CBC mode, as openssl pkcs8 writes it.
func decryptPKCS8(der []byte, password string) ([]byte, error) {
	if password == "" {
		return nil, errors.New("the private key is encrypted, but privateKeyPassword is empty")
	}
	var key encryptedKey
	var scheme pbes2
	var params pbkdf2Params
	if err := parts(der, &key, &scheme, &params); err != nil {
		return nil, err
	}
	newHash, c := hashes[params.PRF.Algorithm.String()], ciphers[scheme.Scheme.Algorithm.String()]
	if newHash == nil || c.open == nil || params.Iterations < 1 || params.Iterations > maxIterations {
		return nil, errors.New("the private key is encrypted in a way that is not supported: expected PBES2 with PBKDF2 and AES")
	}
	derived, err := pbkdf2.Key(newHash, password, params.Salt, params.Iterations, c.keyLength)
	if err != nil {
		return nil, err
	}
	block, err := c.open(derived)
	if err != nil {
		return nil, err
	}
	return decryptCBC(block, scheme.Scheme.Parameters.FullBytes, key.Data)
}

func parts(der []byte, key *encryptedKey, scheme *pbes2, params *pbkdf2Params) error {
	broken := func(err error) error { return fmt.Errorf("the encrypted private key is broken: %w", err) }
	if _, err := asn1.Unmarshal(der, key); err != nil {
		return broken(err)
	}
	if key.Algorithm.Algorithm.String() != oidPBES2 {
		return errors.New("the private key is encrypted in a way that is not supported: expected PBES2")
	}
	if _, err := asn1.Unmarshal(key.Algorithm.Parameters.FullBytes, scheme); err != nil {
		return broken(err)
	}
	if scheme.Derivation.Algorithm.String() != oidPBKDF2 {
		return errors.New("the private key is encrypted in a way that is not supported: expected PBKDF2")
	}
	if _, err := asn1.Unmarshal(scheme.Derivation.Parameters.FullBytes, params); err != nil {
		return broken(err)
	}
	return nil
}

func decryptCBC(block cipher.Block, iv, data []byte) ([]byte, error) {
	var vector []byte
	if _, err := asn1.Unmarshal(iv, &vector); err != nil || len(vector) != block.BlockSize() ||
		len(data) == 0 || len(data)%block.BlockSize() != 0 {
		return nil, errors.New("the encrypted private key is broken")
	}
	plain := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, vector).CryptBlocks(plain, data)
	padding := int(plain[len(plain)-1])
	if padding == 0 || padding > block.BlockSize() {
		return nil, errors.New("the private key does not open with privateKeyPassword")
	}
	return plain[:len(plain)-padding], nil
}
