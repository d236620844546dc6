// Faulty stands where a collector stands (same arguments, same health port) and fails as it is told.
//
// What it is told, first found wins:
//
//  1. POST /fault?is=FAULT on the control port (13199): at once, this pod only. Kept in FAULT_STATE (a directory, default
//     /tmp) where that can be written, so that a mounted emptyDir carries it over the container's restarts.
//  2. FAULTS="node-1=exit:1,node-3=status:503": by the node's name (KM_NODE_NAME), `*` for all others.
//  3. FAULT=… anywhere in the file that --config names, or in the environment.
//
// Without any it is a healthy collector. FAULT@DURATION comes true after that time (exit:1@20s). A fault that Kubernetes
// sees (exit, oom) writes a last word to stderr, as a collector does.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(log.LstdFlags | log.LUTC)
	fault, err := initialFault()
	if err != nil {
		log.Fatalf("Error: %v", err)
	}
	server := newServer(envOr("FAULT_LISTEN", ":13133"))
	server.become(fault)

	control := http.NewServeMux()
	control.HandleFunc("POST /fault", func(w http.ResponseWriter, r *http.Request) {
		fault, err := parseFault(r.URL.Query().Get("is"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		kept := "kept"
		if err := os.WriteFile(statePath(), []byte(fault.text), 0o600); err != nil {
			kept = "not kept: " + err.Error()
		}
		fmt.Fprintf(w, "%s (%s)\n", fault.text, kept)
		// The answer goes out first, for the fault may be the process's end.
		time.AfterFunc(50*time.Millisecond, func() { server.become(fault) })
	})
	go func() { log.Fatal(http.ListenAndServe(envOr("FAULT_CONTROL", ":13199"), control)) }()

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	for received := range signals {
		if !server.ignoresTerm() {
			log.Printf("Received signal %s, ending", received)
			return
		}
		log.Printf("Received signal %s, ignoring it", received)
	}
}

// initialFault follows the order of the package comment.
func initialFault() (fault, error) {
	if kept, err := os.ReadFile(statePath()); err == nil {
		return parseFault(string(kept))
	} else if !errors.Is(err, fs.ErrNotExist) {
		log.Printf("can't read %s: %v", statePath(), err)
	}
	node, rest := os.Getenv("KM_NODE_NAME"), ""
	for _, entry := range strings.Split(os.Getenv("FAULTS"), ",") {
		name, text, found := strings.Cut(entry, "=")
		if found && name == node {
			return parseFault(text)
		}
		if found && name == "*" {
			rest = text
		}
	}
	if rest != "" {
		return parseFault(rest)
	}
	for index, argument := range os.Args {
		path, found := strings.CutPrefix(argument, "--config=")
		if !found && argument == "--config" && index+1 < len(os.Args) {
			path, found = os.Args[index+1], true
		}
		if !found {
			continue
		}
		config, err := os.ReadFile(strings.TrimPrefix(path, "file:"))
		if err != nil {
			return fault{}, fmt.Errorf("failed to get config: cannot resolve the configuration: %w", err)
		}
		if match := inConfig.FindSubmatch(config); match != nil {
			return parseFault(string(match[1]))
		}
	}
	return parseFault(os.Getenv("FAULT"))
}

var inConfig = regexp.MustCompile(`FAULT=([^\s"',]+)`)

func statePath() string { return filepath.Join(envOr("FAULT_STATE", "/tmp"), "fault") }

func envOr(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func listen(address string) net.Listener {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		log.Fatalf("Error: cannot start pipelines: failed to start extension \"health_check\": %v", err)
	}
	return listener
}
