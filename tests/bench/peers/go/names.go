// SPDX-License-Identifier: BSL-1.0

// Go: looking up names, by the resolver that is written in Go. See ../names.h.
package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
)

var namesGiven uint64

func lookUp(size, n int) repeated {
	resolver := &net.Resolver{PreferGo: true}
	count := (n + size - 1) / size
	spent := timed(func() {
		var all sync.WaitGroup
		all.Add(size)
		for i := 0; i < size; i++ {
			go func() {
				defer all.Done()
				for k := 0; k < count; k++ {
					name := fmt.Sprintf("host%d.bench.test", atomic.AddUint64(&namesGiven, 1))
					if _, err := resolver.LookupIP(context.Background(), "ip4", name); err != nil {
						fail(err)
					}
				}
			}()
		}
		all.Wait()
	})
	return repeated{spent, size * count}
}

func init() {
	known["dns"] = rate(lookUp)
}
