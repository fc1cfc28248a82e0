package tlsfiles

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// Client is what an operator says of the TLS to another service. Its fields are
// embedded with a prefix: that of the service.
type Client struct {
	CAFile     string `name:"tls-ca-file" env:"TLS_CA_FILE" help:"Speak TLS to it, and believe the authorities (PEM) in this file; it is read again when it changes." placeholder:"FILE"`
	CertFile   string `name:"tls-cert-file" env:"TLS_CERT_FILE" help:"Show it the certificate (PEM) in this file, instead of a token; it is read again when it changes." placeholder:"FILE"`
	KeyFile    string `name:"tls-key-file" env:"TLS_KEY_FILE" help:"Key (PEM) of that certificate." placeholder:"FILE"`
	ServerName string `name:"tls-server-name" env:"TLS_SERVER_NAME" help:"Name that its certificate must have, if not that of its address." placeholder:"NAME"`
}

// validate refuses settings that cannot work; prefix is that of their names.
func (c Client) validate(prefix string) error {
	if err := together(c.CertFile, c.KeyFile, prefix); err != nil {
		return err
	}
	if c.CAFile == "" && (c.CertFile != "" || c.ServerName != "") {
		return fmt.Errorf("%[1]stls-ca-file is needed: whose certificate is believed there is not told", prefix)
	}
	return nil
}

// Dial is how a service is dialled; prefix is that of the settings' names. Nothing
// is returned where TLS is not asked for.
func (c Client) Dial(prefix string, log *slog.Logger) ([]grpc.DialOption, error) {
	if err := c.validate(prefix); err != nil || c.CAFile == "" {
		return nil, err
	}
	files := &kept[*tls.Config]{paths: []string{c.CAFile, c.CertFile, c.KeyFile}, make: c.config, log: log, told: func(bool) {}}
	if err := files.open(); err != nil {
		return nil, fmt.Errorf("%stls-ca-file: %w", prefix, err)
	}
	return []grpc.DialOption{grpc.WithTransportCredentials(&dialling{TransportCredentials: credentials.NewTLS(files.get()), files: files})}, nil
}

// Config is how another service is called by who ends soon: the files are read
// once. It is nil where TLS is not asked for.
func (c Client) Config(prefix string) (*tls.Config, error) {
	if err := c.validate(prefix); err != nil || c.CAFile == "" {
		return nil, err
	}
	files := kept[*tls.Config]{paths: []string{c.CAFile, c.CertFile, c.KeyFile}, make: c.config}
	if err := files.open(); err != nil {
		return nil, fmt.Errorf("%stls-ca-file: %w", prefix, err)
	}
	return files.value, nil
}

func (c Client) config(contents [][]byte) (*tls.Config, error) {
	config := modern()
	config.NextProtos, config.ServerName = nil, c.ServerName
	var err error
	if config.RootCAs, err = authorities(contents[0]); err != nil || c.CertFile == "" {
		return config, err
	}
	own, err := pair(contents[1], contents[2])
	config.Certificates = []tls.Certificate{own}
	return config, err
}

// dialling takes the files as they are for each connection.
type dialling struct {
	credentials.TransportCredentials

	files *kept[*tls.Config]
}

// ClientHandshake implements credentials.TransportCredentials. A name that was told holds
// for all addresses.
func (d *dialling) ClientHandshake(ctx context.Context, authority string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	config := d.files.get()
	return credentials.NewTLS(config).ClientHandshake(ctx, cmp.Or(config.ServerName, authority), conn)
}

// Clone implements credentials.TransportCredentials.
func (d *dialling) Clone() credentials.TransportCredentials {
	return &dialling{TransportCredentials: d.TransportCredentials.Clone(), files: d.files}
}
