package replays

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/redis/go-redis/v9"
)

// errURL does not quote the URL, which may hold a password.
var errURL = errors.New("is not well formed")

// connect makes a client of the kind that the URL tells of: one server, with
// master_name a server that Sentinels know, with further addr a Cluster.
func connect(spelled string) (redis.UniversalClient, error) {
	u, err := url.Parse(spelled)
	if err != nil {
		return nil, errURL
	}
	files := takeTLSFiles(u)
	if files != (tlsFiles{}) && u.Scheme != "rediss" {
		return nil, errors.New("ca_file, cert_file and key_file are of rediss:// alone")
	}
	switch query := u.Query(); {
	case query.Has("master_name"):
		return connectSentinel(u.String(), files)
	case query.Has("addr"):
		return connectCluster(u.String(), files)
	default:
		return connectServer(u.String(), files)
	}
}

func connectServer(spelled string, files tlsFiles) (redis.UniversalClient, error) {
	o, err := redis.ParseURL(spelled)
	if err != nil {
		return nil, err
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = redisTimeout, redisTimeout, redisTimeout, redisTimeout
	o.MaxRetries, o.ContextTimeoutEnabled = -1, true
	if err := files.load(o.TLSConfig); err != nil {
		return nil, err
	}
	return redis.NewClient(o), nil
}

// Of Sentinels and Clusters the servers have names of their own, which their
// certificates are for: not that of the first.
func connectSentinel(spelled string, files tlsFiles) (redis.UniversalClient, error) {
	o, err := redis.ParseFailoverURL(spelled)
	if err != nil {
		return nil, err
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = redisTimeout, redisTimeout, redisTimeout, redisTimeout
	o.MaxRetries, o.ContextTimeoutEnabled = -1, true
	if o.TLSConfig != nil {
		o.TLSConfig.ServerName = ""
	}
	if err := files.load(o.TLSConfig); err != nil {
		return nil, err
	}
	return redis.NewFailoverClient(o), nil
}

func connectCluster(spelled string, files tlsFiles) (redis.UniversalClient, error) {
	o, err := redis.ParseClusterURL(spelled)
	if err != nil {
		return nil, err
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = redisTimeout, redisTimeout, redisTimeout, redisTimeout
	o.MaxRetries, o.MaxRedirects, o.ContextTimeoutEnabled = -1, 3, true
	if o.TLSConfig != nil {
		o.TLSConfig.ServerName = ""
	}
	if err := files.load(o.TLSConfig); err != nil {
		return nil, err
	}
	return redis.NewClusterClient(o), nil
}

// tlsFiles are the files that a URL names: whom to trust besides the system's
// authorities, and who we are.
type tlsFiles struct{ ca, cert, key string }

// takeTLSFiles takes the files out of a URL, as go-redis does not know them.
func takeTLSFiles(u *url.URL) tlsFiles {
	query := u.Query()
	files := tlsFiles{ca: query.Get("ca_file"), cert: query.Get("cert_file"), key: query.Get("key_file")}
	for _, name := range []string{"ca_file", "cert_file", "key_file"} {
		query.Del(name)
	}
	u.RawQuery = query.Encode()
	return files
}

// load reads the files into a configuration; nil where there is no TLS.
func (f tlsFiles) load(c *tls.Config) error {
	if c == nil {
		return nil
	}
	c.MinVersion = tls.VersionTLS12
	if f.ca != "" {
		pool, err := x509.SystemCertPool()
		if err != nil {
			return fmt.Errorf("system's authorities: %w", err)
		}
		pem, err := os.ReadFile(f.ca)
		if err != nil {
			return fmt.Errorf("ca_file: %w", err)
		}
		if !pool.AppendCertsFromPEM(pem) {
			return fmt.Errorf("ca_file: no certificate in %s", f.ca)
		}
		c.RootCAs = pool
	}
	if f.cert == "" && f.key == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return fmt.Errorf("cert_file and key_file: %w", err)
	}
	c.Certificates = []tls.Certificate{pair}
	return nil
}
