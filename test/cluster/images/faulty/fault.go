package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// fault is one order: what to do, with which argument, and after how long.
type fault struct {
	text  string
	kind  string
	code  int
	delay time.Duration
	url   string
	after time.Duration
}

// parseFault reads `KIND[:ARGUMENT][@DURATION]`:
//
//	healthy            200 and the health_check extension's body
//	exit:CODE          ends with that exit code, 0 included
//	panic              ends as a Go program that panics (exit code 2, a stack on stderr)
//	oom                eats memory until the kernel ends it
//	status:CODE        answers every request with that status
//	refuse             closes the port
//	silent             takes connections and never answers (what SIGSTOP looks like from outside)
//	close              takes connections and closes them at once
//	garbage            answers with bytes that aren't HTTP
//	slow:DURATION      answers 200 after that time
//	trickle            answers 200, and then one byte a second, for ever
//	huge               answers 200 with a body of 1 GiB
//	redirect:URL       answers 302
//	ignore-term        healthy, but ends only by SIGKILL
func parseFault(text string) (fault, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		text = "healthy"
	}
	order, after, timed := strings.Cut(text, "@")
	kind, argument, _ := strings.Cut(order, ":")
	parsed := fault{text: text, kind: kind}
	var err error
	if timed {
		if parsed.after, err = time.ParseDuration(after); err != nil {
			return fault{}, fmt.Errorf("fault %q: %w", text, err)
		}
	}
	switch kind {
	case "healthy", "panic", "oom", "refuse", "silent", "close", "garbage", "trickle", "huge", "ignore-term":
		if argument != "" {
			err = fmt.Errorf("%s takes no argument", kind)
		}
	case "exit", "status":
		parsed.code, err = strconv.Atoi(argument)
	case "slow":
		parsed.delay, err = time.ParseDuration(argument)
	case "redirect":
		parsed.url = argument
	default:
		err = fmt.Errorf("no such kind")
	}
	if err != nil {
		return fault{}, fmt.Errorf("fault %q: %w", text, err)
	}
	return parsed, nil
}
