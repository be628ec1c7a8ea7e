// SPDX-License-Identifier: BSL-1.0

// Go: serving. A goroutine per connection. TCP_NODELAY is what net sets by itself, and the backlog is
// /proc/sys/net/core/somaxconn. See ../serving.h.
package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

const (
	bufferSize    = 16384
	slowWait      = 20 * time.Millisecond
	slowComputing = 200 * time.Microsecond
)

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

func serveHTTP() {
	body := []byte("Hello, world!")
	http.Serve(listen(), http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Content-Type", "text/plain")
		answer.Write(body)
	}))
}

// io.Copy splices what comes from one TCP connection into another.
func passOn(from, to *net.TCPConn) {
	io.Copy(to, from)
	to.CloseWrite()
}

func proxy(client net.Conn, upstream string) {
	defer client.Close()
	server, err := net.Dial("tcp", "127.0.0.1:"+upstream)
	if err != nil {
		return
	}
	defer server.Close()
	done := make(chan struct{})
	go func() {
		passOn(server.(*net.TCPConn), client.(*net.TCPConn))
		close(done)
	}()
	passOn(client.(*net.TCPConn), server.(*net.TCPConn))
	<-done
}

func compute() {
	for end := time.Now().Add(slowComputing); time.Now().Before(end); {
	}
}

func mixed(connection net.Conn) {
	defer connection.Close()
	reader := bufio.NewReader(connection)
	answer := []byte("ok\n")
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return
		}
		if string(line) == "slow\n" {
			time.Sleep(slowWait)
			compute()
		}
		if _, err = connection.Write(answer); err != nil {
			return
		}
	}
}

func init() {
	known["echo"] = func(request) { serveEach(echo) }
	known["http"] = func(request) { serveHTTP() }
	known["proxy"] = func(wanted request) {
		serveEach(func(client net.Conn) { proxy(client, wanted.named["upstream"]) })
	}
	known["mixed"] = func(request) { serveEach(mixed) }
}
