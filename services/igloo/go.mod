module github.com/igloo-catalog/igloo/services/igloo

go 1.26.0

require (
	github.com/igloo-catalog/igloo/pkg v0.0.0
	github.com/igloo-catalog/igloo/proto v0.0.0
	github.com/igloo-catalog/igloo/services/catalog v0.0.0
	github.com/igloo-catalog/igloo/services/housetable v0.0.0
)

require (
	github.com/alecthomas/kong v1.17.0 // indirect
	github.com/fullstorydev/grpchan v1.1.2 // indirect
	golang.org/x/net v0.61.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20261005182115-fad411399dd8 // indirect
	google.golang.org/grpc v1.85.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)

replace github.com/igloo-catalog/igloo/proto => ../../proto

replace github.com/igloo-catalog/igloo/pkg => ../../pkg

replace github.com/igloo-catalog/igloo/services/catalog => ../catalog

replace github.com/igloo-catalog/igloo/services/housetable => ../housetable
