package sign

import (
	"cmp"
	"errors"
	"net/url"
	"strings"

	"github.com/igloo-catalog/igloo/pkg/fault"
)

// hosts are the names under which the store is asked.
type hosts struct {
	scheme string
	// path are those with the bucket in the path: "s3.eu-west-1.amazonaws.com".
	path []string
	// virtual are those that a bucket's name and a dot come before.
	virtual []string
}

// hostsOf are the hosts of a store: its endpoint's alone, or AWS's for the
// region. Where the bucket is in the path, its name in the host means nothing to
// the store, which would take a folder for the bucket.
func hostsOf(cfg Config) (hosts, error) {
	if cfg.Endpoint == "" {
		return awsHosts(cfg.Region), nil
	}
	endpoint, err := url.Parse(cfg.Endpoint)
	if err != nil {
		return hosts{}, err
	}
	plain := strings.TrimRight(endpoint.Path, "/") == "" && endpoint.RawQuery == "" && endpoint.User == nil
	if endpoint.Scheme != "http" && endpoint.Scheme != "https" || endpoint.Host == "" || !plain {
		return hosts{}, errors.New("requests are signed for a store at http://host:port or https://host:port")
	}
	found := hosts{scheme: endpoint.Scheme, path: []string{hostOf(endpoint)}}
	if !cfg.PathStyle {
		found.virtual = found.path
	}
	return found, nil
}

func awsHosts(region string) hosts {
	suffix := "amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		suffix = "amazonaws.com.cn"
	}
	names := []string{"s3." + region + "." + suffix, "s3.dualstack." + region + "." + suffix, "s3-fips." + region + "." + suffix}
	if region == "us-east-1" {
		names = append(names, "s3."+suffix)
	}
	return hosts{scheme: "https", path: names, virtual: names}
}

// hostOf is a URL's host in one spelling: in lower case, with a port where that
// is not the scheme's.
func hostOf(u *url.URL) string {
	host := strings.ToLower(u.Host)
	standard := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
	return strings.TrimSuffix(host, standard)
}

// target is what a URI names at the store.
type target struct {
	scheme, host string
	bucket       string
	// inPath says that the bucket stands in the path.
	inPath bool
	// key is unescaped; empty for the bucket itself.
	key   string
	query map[string]string
}

// target reads a URI. It must be of the store, and of a bucket of the grant.
func (h hosts) target(uri string, own reach) (target, error) {
	u, err := parse(uri)
	if err != nil {
		return target{}, err
	}
	if u.Scheme != h.scheme {
		return target{}, fault.Field("uri", "has the scheme %q, the store's is %q", clip(u.Scheme), h.scheme)
	}
	t := target{scheme: h.scheme, host: hostOf(u)}
	path, err := unescape(u.EscapedPath())
	if err != nil {
		return target{}, err
	}
	if err := h.place(&t, strings.TrimPrefix(path, "/"), own); err != nil {
		return target{}, err
	}
	t.query, err = parameters(u.RawQuery)
	return t, err
}

// place tells bucket and key.
func (h hosts) place(t *target, path string, own reach) error {
	for _, host := range h.virtual {
		if bucket, found := strings.CutSuffix(t.host, "."+host); found && own.bucket(bucket) {
			t.bucket, t.key = bucket, path
			return nil
		}
	}
	for _, host := range h.path {
		if t.host == host {
			t.inPath = true
			t.bucket, t.key, _ = strings.Cut(path, "/")
			if own.bucket(t.bucket) {
				return nil
			}
			return fault.New(fault.Forbidden, "bucket %q is not one of the table's", clip(t.bucket))
		}
	}
	return fault.New(fault.Forbidden, "host %q is not one of the table's store", clip(t.host))
}

// parse takes a URI apart if all would take it apart alike.
func parse(uri string) (*url.URL, error) {
	for _, c := range []byte(uri) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`\"<>^`+"`{|}", c) >= 0 {
			return nil, fault.Field("uri", "contains characters that have to be escaped")
		}
	}
	u, err := url.Parse(uri)
	switch {
	case err != nil:
		return nil, fault.Wrap(fault.Invalid, err, "uri: is not one")
	case u.User != nil, u.Opaque != "", u.Host == "", strings.Contains(uri, "#"), strings.HasSuffix(u.Host, ":"), strings.Contains(u.Host, "%"):
		return nil, fault.Field("uri", "must be scheme, host, path and query, and nothing else")
	}
	return u, nil
}

// unescape refuses a bare plus: to some it is a space, to others it is not.
func unescape(escaped string) (string, error) {
	if strings.Contains(escaped, "+") {
		return "", fault.Field("uri", `contains a "+", which has to be escaped as %%2B`)
	}
	plain, err := url.PathUnescape(escaped)
	if err != nil {
		return "", fault.Wrap(fault.Invalid, err, "uri: is not well escaped")
	}
	return plain, nil
}

// parameters of a query, each of which may be given once.
func parameters(raw string) (map[string]string, error) {
	all := map[string]string{}
	if raw == "" {
		return all, nil
	}
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, nameErr := unescape(name)
		value, valueErr := unescape(value)
		if err := cmp.Or(nameErr, valueErr); err != nil {
			return nil, err
		}
		if _, twice := all[name]; twice || name == "" || strings.Contains(pair, ";") {
			return nil, fault.Field("uri", "the query has a parameter twice, or one without a name")
		}
		all[name] = value
	}
	return all, nil
}

// url is the target in the one spelling that S3 signs.
func (t target) url() *url.URL {
	path := "/" + t.key
	if t.inPath {
		path = strings.TrimSuffix("/"+t.bucket+"/"+t.key, "/")
		if t.key != "" && strings.HasSuffix(t.key, "/") {
			path += "/"
		}
	}
	values := url.Values{}
	for name, value := range t.query {
		values.Set(name, value)
	}
	query := strings.ReplaceAll(values.Encode(), "+", "%20")
	return &url.URL{Scheme: t.scheme, Host: t.host, Path: path, RawPath: escaped(path), RawQuery: query}
}

// escaped is a path as S3 escapes it: everything but slashes and what never needs to be.
func escaped(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		segments[i] = strings.ReplaceAll(url.QueryEscape(segment), "+", "%20")
	}
	return strings.Join(segments, "/")
}
