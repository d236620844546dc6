package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

// server holds the health port, and everything that a fault does to it.
type server struct {
	address string
	started time.Time

	mu       sync.Mutex
	fault    fault
	listener net.Listener
	http     *http.Server
}

func newServer(address string) *server {
	return &server{address: address, started: time.Now(), fault: fault{kind: "healthy", text: "healthy"}}
}

// become makes the fault true, now or after its time; until then the server stays what it is.
func (s *server) become(next fault) {
	if next.after > 0 {
		s.become(fault{kind: "healthy", text: "healthy"})
		time.AfterFunc(next.after, func() { next.after = 0; s.become(next) })
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	log.Printf("fault: %s", next.text)
	switch next.kind {
	case "exit":
		log.Printf("Error: collector server run finished with error: told to exit with %d", next.code)
		os.Exit(next.code)
	case "panic":
		go panic("told to panic")
	case "oom":
		go eatMemory()
	}
	s.fault = next
	s.close()
	if next.kind == "refuse" {
		return
	}
	s.listener = listen(s.address)
	switch next.kind {
	case "silent": // Nobody accepts: the kernel completes the handshake, and that is all.
	case "close":
		go s.answerRaw(s.listener, nil)
	case "garbage":
		go s.answerRaw(s.listener, []byte("\x00\x01 not HTTP at all\r\n\r\n"))
	default:
		s.http = &http.Server{Handler: http.HandlerFunc(s.answer)}
		go func(web *http.Server, listener net.Listener) { _ = web.Serve(listener) }(s.http, s.listener)
	}
}

func (s *server) close() {
	if s.http != nil {
		_ = s.http.Close()
		s.http = nil
	}
	if s.listener != nil {
		_ = s.listener.Close()
		s.listener = nil
	}
}

func (s *server) ignoresTerm() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault.kind == "ignore-term"
}

func (s *server) answer(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	now := s.fault
	s.mu.Unlock()
	switch now.kind {
	case "status":
		http.Error(w, `{"status":"Server not available"}`, now.code)
	case "slow":
		select {
		case <-time.After(now.delay):
			s.answerHealthy(w)
		case <-r.Context().Done():
		}
	case "trickle":
		for r.Context().Err() == nil {
			if _, err := w.Write([]byte(" ")); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			time.Sleep(time.Second)
		}
	case "huge":
		const size, chunk = 1 << 30, 1 << 16
		w.Header().Set("Content-Length", strconv.Itoa(size))
		spaces := make([]byte, chunk)
		for sent := 0; sent < size; sent += chunk {
			if _, err := w.Write(spaces); err != nil {
				return
			}
		}
	case "redirect":
		http.Redirect(w, r, now.url, http.StatusFound)
	default:
		s.answerHealthy(w)
	}
}

func (s *server) answerHealthy(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"status":"Server available","upSince":%q,"uptime":%q}`, s.started.Format(time.RFC3339Nano), time.Since(s.started))
}

func (s *server) answerRaw(listener net.Listener, bytes []byte) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		_, _ = connection.Write(bytes)
		_ = connection.Close()
	}
}

func eatMemory() {
	var eaten [][]byte
	for {
		block := make([]byte, 8<<20)
		for index := 0; index < len(block); index += 4096 {
			block[index] = 1
		}
		eaten = append(eaten, block)
		time.Sleep(10 * time.Millisecond)
		_ = eaten
	}
}
