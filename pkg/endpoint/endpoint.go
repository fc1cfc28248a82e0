// Package endpoint owns when two URLs of a server are the same place.
//
// It promises that places which differ are never taken for one: what it does not
// know to be another word for the same stays as it is written.
package endpoint

import (
	"net"
	"net/url"
	"strings"
)

// Normal is one spelling of a server's URL: scheme and host in lower case, no port
// where it is the scheme's own, and no slash at the end (RFC 3986, 6.2). What is no
// URL of a host is its own spelling.
func Normal(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery {
		return address
	}
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Hostname())
	if port := u.Port(); port != "" && port != ports[scheme] {
		host = net.JoinHostPort(host, port)
	} else if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return scheme + "://" + host + strings.TrimRight(u.EscapedPath(), "/")
}

// ports are those of schemes that need not be written.
var ports = map[string]string{"http": "80", "https": "443"}
