// Package adlstest gives tests a storage account of Azure: Microsoft's own
// emulator, one private server a test, on a free loopback port.
//
// It promises that the server checks signatures, honours conditional writes and
// dies with the test, and that a missing emulator is a failure under CI and a
// skip elsewhere.
package adlstest

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"

	"github.com/igloo-catalog/igloo/pkg/proctest"
)

// What every server of a test is called by. The key is no secret but its name.
const (
	Account    = "testaccount"
	AccountKey = "dGhlIGtleSBvZiBhbiBhY2NvdW50IHRoYXQgdGVzdHMgbWFrZQ=="
	Container  = "lake"
)

// startTimeout bounds the wait for the first answer.
const startTimeout = 60 * time.Second

// Server is a running account with one container.
type Server struct {
	address string
	process *proctest.Process
}

// New starts a server for the test.
func New(t testing.TB) *Server {
	t.Helper()
	program := proctest.Program(t, "azurite-blob", "test")
	port := proctest.Port(t)
	s := &Server{address: fmt.Sprintf("127.0.0.1:%d", port)}
	var err error
	s.process, err = proctest.Start(proctest.Command{
		Path: program,
		Args: []string{
			"--blobHost", "127.0.0.1", "--blobPort", strconv.Itoa(port), "--inMemoryPersistence",
			"--silent", "--skipApiVersionCheck", "--disableTelemetry",
		},
		Env: append(os.Environ(), "AZURITE_ACCOUNTS="+Account+":"+AccountKey),
		Dir: t.TempDir(),
	})
	if err != nil {
		t.Fatalf("start Azure's emulator: %v", err)
	}
	t.Cleanup(func() { _ = s.process.Kill() })
	s.createContainer(t)
	return s
}

// Endpoint is the URL of the account's blob service.
func (s *Server) Endpoint() string { return "http://" + s.Address() + "/" + Account }

// Address is the server's host and port.
func (s *Server) Address() string { return s.address }

// createContainer tries until the server answers.
func (s *Server) createContainer(t testing.TB) {
	t.Helper()
	key, err := azblob.NewSharedKeyCredential(Account, AccountKey)
	if err != nil {
		t.Fatal(err)
	}
	client, err := azblob.NewClientWithSharedKeyCredential(s.Endpoint(), key, nil)
	if err != nil {
		t.Fatal(err)
	}
	proctest.Await(t, s.process, startTimeout, func(ctx context.Context) error {
		_, err := client.CreateContainer(ctx, Container, nil)
		return err
	})
}
