// SPDX-License-Identifier: BSL-1.0

// The command line that the programs of all peers have in common (see ../peer.h), for Go, with nothing but its standard
// library:
//
//	peer-go WORKLOAD [SIZE [SECONDS]] [NAME=VALUE ...]
//	peer-go                                             lists its workloads
//
// timed.go adds what takes its own time, serving.go what serves. One processor (GOMAXPROCS=1), as the other peers' loops
// run on one thread, unless a workload is about two.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"time"
)

type request struct {
	size  int
	time  time.Duration     // about so long one that repeats itself goes on
	named map[string]string // the words NAME=VALUE
}

type work func(request)

// Filled by init() of the other files.
var known = map[string]work{}

func parse(words []string) request {
	wanted := request{size: 2, time: 200 * time.Millisecond, named: map[string]string{}}
	place := 0
	for _, word := range words {
		if name, value, found := strings.Cut(word, "="); found {
			wanted.named[name] = value
			continue
		}
		switch place {
		case 0:
			wanted.size, _ = strconv.Atoi(word)
		case 1:
			seconds, _ := strconv.ParseFloat(word, 64)
			wanted.time = time.Duration(seconds * 1e9)
		}
		place++
	}
	return wanted
}

func main() {
	runtime.GOMAXPROCS(1)
	if len(os.Args) < 2 {
		names := []string{}
		for name := range known {
			names = append(names, name)
		}
		sort.Strings(names)
		fmt.Println(strings.Join(names, "\n"))
		return
	}
	does, found := known[os.Args[1]]
	if !found {
		fmt.Fprintf(os.Stderr, "%s: no workload is called '%s' here\n", os.Args[0], os.Args[1])
		os.Exit(2)
	}
	does(parse(os.Args[2:]))
}
