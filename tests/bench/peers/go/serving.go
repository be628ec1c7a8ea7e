// SPDX-License-Identifier: BSL-1.0

// Go: serving. A goroutine per connection. TCP_NODELAY is what net sets by itself, and the backlog is
// /proc/sys/net/core/somaxconn. See ../serving.h.
package main

import (
	"fmt"
	"net"
	"os"
)

const bufferSize = 16384

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func listen() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fail(err)
	}
	fmt.Printf("port=%d\n", listener.Addr().(*net.TCPAddr).Port)
	return listener
}

func serveEach(serve func(net.Conn)) {
	listener := listen()
	for {
		connection, err := listener.Accept()
		if err != nil {
			fail(err)
		}
		go serve(connection)
	}
}

func echo(connection net.Conn) {
	defer connection.Close()
	buffer := make([]byte, bufferSize)
	for {
		size, err := connection.Read(buffer)
		if err != nil {
			return
		}
		if _, err = connection.Write(buffer[:size]); err != nil {
			return
		}
	}
}

func init() {
	known["echo"] = func(request) { serveEach(echo) }
}
