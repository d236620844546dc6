// A stand-in for the vendor's km-kube-agent image, which can't be pulled everywhere. It behaves as that agent was seen to
// behave, faults included, so that the operator is tested against them:
//
//   - it ignores its arguments, and reads /etc/kmagent/agent-daemonset.yaml or agent-deployment.yaml by DEPLOYMENT_MODE;
//   - without a service account it ends with exit code 1;
//   - when its collector fails, on a bad configuration for instance, it logs that and ends with exit code 0;
//   - on SIGTERM it waits for a collector that it never told to stop, and serves on until it is killed;
//   - on SIGHUP the embedded collector reads its file again (the collector library always does).
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"go.opentelemetry.io/collector/otelcol"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

const (
	version      = "1.2.0"
	commit       = "557fe26"
	accountToken = "/var/run/secrets/kubernetes.io/serviceaccount/token"
)

func main() {
	logger := newLogger(os.Getenv("KM_LOG_LEVEL"))
	mode := os.Getenv("DEPLOYMENT_MODE")
	if err := inClusterConfig(); err != nil {
		fmt.Fprintf(os.Stderr, "failed to load in-cluster config: %v\n", err)
		os.Exit(1)
	}
	logger.Info("loaded in-cluster kubernetes config")
	if err := os.Setenv("KM_AGENT_VERSION", version); err != nil {
		fmt.Fprintf(os.Stderr, "failed to set KM_AGENT_VERSION: %v\n", err)
		os.Exit(1)
	}
	logger.Info("kube agent initialized", zap.String("version", version), zap.String("commit", commit), zap.String("deploymentMode", mode))
	logger.Info("starting kubernetes agent", zap.String("version", version), zap.String("commitSHA", commit), zap.String("collectorVersion", "v"+collectorVersion))

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	exited := make(chan error, 1)
	go func() { exited <- runCollector(logger, mode) }()
	logger.Info("collector agent started")

	select {
	case err := <-exited:
		if err != nil {
			logger.Error("collector exited with error", zap.Error(err))
		} else {
			logger.Info("collector exited normally")
		}
		// Exit code 0 even after an error, as the vendor's agent does.
	case received := <-signals:
		logger.Warn(fmt.Sprintf("Received signal %s, initiating shutdown...", received))
		logger.Info("stopping collector agent")
		<-exited // Nobody told the collector to stop: this waits for SIGKILL.
	}
}

// runCollector runs the embedded collector until it ends by itself.
func runCollector(logger *zap.Logger, mode string) error {
	path := configPath(mode)
	logger.Info("starting collector instance")
	logger.Info("collector starting", zap.String("configPath", path), zap.String("deploymentMode", mode))
	collector, err := otelcol.NewCollector(collectorSettings(path))
	if err != nil {
		return fmt.Errorf("failed to create new collector service: %w", err)
	}
	logger.Info("collector instance started")
	return collector.Run(context.Background())
}

// configPath is fixed: DAEMONSET in any case means the node agent's file, anything else the cluster agent's.
func configPath(mode string) string {
	if strings.EqualFold(mode, "DAEMONSET") {
		return "/etc/kmagent/agent-daemonset.yaml"
	}
	return "/etc/kmagent/agent-deployment.yaml"
}

// inClusterConfig makes the same checks as client-go's rest.InClusterConfig, in the same words.
func inClusterConfig() error {
	if os.Getenv("KUBERNETES_SERVICE_HOST") == "" || os.Getenv("KUBERNETES_SERVICE_PORT") == "" {
		return errors.New("unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined")
	}
	if _, err := os.ReadFile(accountToken); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("open %s: no such file or directory", accountToken)
		}
		return err
	}
	return nil
}

// newLogger writes the vendor's line format: one JSON object with level, ts, caller, msg on stderr, sampled.
func newLogger(level string) *zap.Logger {
	config := zap.NewProductionConfig()
	switch strings.ToLower(level) {
	case "debug":
		config.Level.SetLevel(zapcore.DebugLevel)
	case "warn", "warning":
		config.Level.SetLevel(zapcore.WarnLevel)
	case "error":
		config.Level.SetLevel(zapcore.ErrorLevel)
	default:
		config.Level.SetLevel(zapcore.InfoLevel)
	}
	return zap.Must(config.Build())
}
