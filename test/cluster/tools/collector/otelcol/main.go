// The stock collector: the command line of OpenTelemetry's own images (`--config …`, `validate`, `components`).
package main

import (
	"log"

	"go.opentelemetry.io/collector/otelcol"

	"kmagent.test/tools/collector/components"
)

func main() {
	settings := components.Settings("otelcol", "OpenTelemetry Collector of the test cluster", nil)
	if err := otelcol.NewCommand(settings).Execute(); err != nil {
		log.Fatalf("collector server run finished with error: %v", err)
	}
}
