// The distribution registry with what the test cluster uses of it and no more: files as storage, htpasswd as
// authentication. Without the clouds' storage drivers it builds in a third of the time.
package main

import (
	"os"

	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"

	"github.com/distribution/distribution/v3/registry"
)

func main() {
	// By default it would send its traces to localhost:4318, which is where a collector under test listens.
	if _, set := os.LookupEnv("OTEL_TRACES_EXPORTER"); !set {
		if err := os.Setenv("OTEL_TRACES_EXPORTER", "none"); err != nil {
			panic(err)
		}
	}
	if err := registry.RootCmd.Execute(); err != nil {
		os.Exit(1)
	}
}
