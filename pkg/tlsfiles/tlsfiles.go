// Package tlsfiles owns the TLS of Igloo's listeners and of the connections
// between its services: certificates, keys and authorities that lie in files,
// which whoever issues them replaces before they end.
//
// It promises that handshakes use the files as they are, a second late at most;
// that new files which cannot be used change nothing, and are told of in the log
// and in a metric; that connections outlive a change of files; that nothing
// older than TLS 1.2, and no suite without forward secrecy and authenticated
// encryption, is spoken; and that no content of a file is ever told to anybody.
package tlsfiles

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// suites are those of TLS 1.2: ephemeral keys, authenticated encryption. Those of
// TLS 1.3 are all of that kind.
var suites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// modern is what both sides of a connection begin with.
func modern() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, CipherSuites: suites, NextProtos: []string{"h2", "http/1.1"}}
}

// pair reads a certificate with its key. What is wrong with a key is told in
// words that have nothing of it.
func pair(certificate, key []byte) (tls.Certificate, error) {
	read, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return read, fmt.Errorf("certificate and key: %w", err)
	}
	return read, nil
}

// authorities reads those who may vouch for the other side.
func authorities(content []byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if len(bytes.TrimSpace(content)) == 0 || !pool.AppendCertsFromPEM(content) {
		return nil, errors.New("authorities: the file has no certificate (PEM)")
	}
	return pool, nil
}

// together refuses one of two files that make sense as a pair.
func together(certificate, key, prefix string) error {
	if (certificate == "") != (key == "") {
		return fmt.Errorf("%[1]stls-cert-file and %[1]stls-key-file go together: one of them is missing", prefix)
	}
	return nil
}
