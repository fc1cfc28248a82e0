// Package audit owns the record of who was allowed what: a line of JSON for each
// request that something was decided about.
//
// It promises that a line has no token, key or other secret; that lines are
// whole and in the order in which requests ended; that a file which cannot be
// written costs requests next to nothing, and is told of by the log and by
// metrics, with how many lines were lost; and that lines which were written
// before are never changed.
package audit

import (
	"errors"
	"fmt"
	"net/netip"
)

// Trail is what an operator says about the audit log.
type Trail struct {
	AuditLog            string   `env:"IGLOO_AUDIT_LOG" help:"Add a line of JSON to this file for each request that asks to change something, and each that is refused; '-' is the standard output. A file that was moved away, or SIGHUP, has a new one opened." placeholder:"FILE|-"`
	AuditReads          bool     `env:"IGLOO_AUDIT_READS" help:"Add lines to the audit log for what only reads as well: many more lines."`
	AuditTrustedProxies []string `name:"audit-trusted-proxy" env:"IGLOO_AUDIT_TRUSTED_PROXIES" help:"Believe proxies in this network when they say for whom they ask (X-Forwarded-For). May be given several times. Without any, lines have the address of the connection." placeholder:"CIDR"`
}

// Check refuses settings that cannot work.
func (t Trail) Check() error {
	_, err := t.proxies()
	return err
}

func (t Trail) proxies() ([]netip.Prefix, error) {
	all := make([]netip.Prefix, 0, len(t.AuditTrustedProxies))
	var errs []error
	for _, text := range t.AuditTrustedProxies {
		prefix, err := netip.ParsePrefix(text)
		if addr, single := netip.ParseAddr(text); err != nil && single == nil {
			prefix, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("audit-trusted-proxy is %q, allowed is a network like 10.0.0.0/8", text))
		}
		all = append(all, prefix)
	}
	return all, errors.Join(errs...)
}
