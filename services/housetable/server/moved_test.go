package server_test

import (
	"fmt"
	"strings"
)

// movedStores: whoever may change a profile and does not know its secret gets it
// sent nowhere else. What is the same place in other words needs no secret anew.
func movedStores(s *stored) {
	for i, c := range []struct{ first, secret, again, moved, fields string }{
		{
			`{"s3":{"endpoint":"https://Store.example/","accessKeyId":"id"%s}}`, `,"secretAccessKey":"` + canary + `"`,
			`{"s3":{"endpoint":"https://STORE.example:443","accessKeyId":"id","region":"r","pathStyle":true%s}}`,
			`{"s3":{"endpoint":"https://store.example:444","accessKeyId":"id"%s}}`, "storage.s3.secret_access_key storage.s3.endpoint",
		},
		{
			`{"s3":{"endpoint":"http://store.example:80","accessKeyId":"id"%s}}`, `,"secretAccessKey":"` + canary + `"`,
			`{"s3":{"endpoint":"http://store.example/","accessKeyId":"id"%s}}`,
			`{"s3":{"endpoint":"https://store.example:80","accessKeyId":"id"%s}}`, "storage.s3.secret_access_key storage.s3.endpoint",
		},
		{
			`{"s3":{"accessKeyId":"id"%s}}`, `,"secretAccessKey":"` + canary + `"`,
			`{"s3":{"accessKeyId":"id","stsEndpoint":""%s}}`,
			`{"s3":{"accessKeyId":"id","stsEndpoint":"https://other.example"%s}}`, "storage.s3.secret_access_key storage.s3.sts_endpoint",
		},
		{
			`{"s3":{"endpoint":"https://store.example/a","clientAccessKeyId":"id"%s}}`, `,"clientSecretAccessKey":"` + canary + `"`,
			`{"s3":{"endpoint":"https://store.example/a/","clientAccessKeyId":"id"%s}}`,
			`{"s3":{"endpoint":"https://store.example/A","clientAccessKeyId":"id"%s}}`, "storage.s3.client_secret_access_key storage.s3.endpoint",
		},
		{
			`{"gcs":{"vendedTokens":true%s}}`, `,"serviceAccount":"` + canary + `"`,
			`{"gcs":{"vendedTokens":false%s}}`,
			`{"gcs":{"stsEndpoint":"https://other.example"%s}}`, "storage.gcs.service_account storage.gcs.sts_endpoint",
		},
		{
			`{"adls":{"account":"one","endpoint":"https://one.blob.example"%s}}`, `,"accountKey":"` + canary + `"`,
			`{"adls":{"account":"one","endpoint":"https://ONE.blob.example/","vendedSas":true%s}}`,
			`{"adls":{"account":"two","endpoint":"https://one.blob.example"%s}}`, "storage.adls.account_key storage.adls.account",
		},
	} {
		name := fmt.Sprintf("moved%d", i)
		path := "/hts/warehouses/" + name
		profile := func(format, secret string) string { return fmt.Sprintf(`{"storage":`+format+`}`, secret) }
		s.ask("POST", "/hts/warehouses", fmt.Sprintf(`{"warehouse":{"name":%q,"location":"s3://moved/%s","storage":`+c.first+`}}`, name, name, c.secret), 201)
		s.ask("PATCH", path, profile(c.again, ""), 200)
		s.trier.last = nil
		message := fmt.Sprint(s.ask("PATCH", path, profile(c.moved, ""), 400)["message"])
		secret, address, _ := strings.Cut(c.fields, " ")
		if !strings.HasPrefix(message, secret+": must be given again") || !strings.Contains(message, address+" ") || s.trier.last != nil {
			s.Errorf("%s: %s; tried: %v", c.moved, message, s.trier.last)
		}
		if version := s.ask("GET", path, "", 200)["warehouse"].(map[string]any)["version"]; fmt.Sprint(version) != "2" {
			s.Errorf("%s is refused and changes the warehouse: version %v", c.moved, version)
		}
		s.ask("PATCH", path, profile(c.moved, c.secret), 200)
		s.ask("DELETE", path, "", 204)
	}
}
