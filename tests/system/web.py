# SPDX-License-Identifier: BSL-1.0
"""A web server that answers as badly as a test wants: each answer is a function that has the bare connection."""
import contextlib
import socket
import struct
import threading
import time
import traceback


class Request:
    """The head of a request, and the connection to answer on."""

    def __init__(self, connection, head):
        lines = head.decode("latin-1").split("\r\n")
        self.connection = connection
        self.method, self.target, _ = lines[0].split(" ", 2)
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
        self.path = self.target.partition("?")[0]
        self.being_answered = lambda: None
        self.at = time.monotonic()

    @property
    def host(self):
        return self.headers.get("host", "").partition(":")[0]

    def send(self, data):
        self.connection.sendall(data if isinstance(data, bytes) else data.encode())

    def answer(self, status="200 OK", body="", type="text/html", headers=()):
        """An answer as it should be; the connection ends with it."""
        body = body if isinstance(body, bytes) else body.encode()
        self.being_answered()
        fields = [f"Content-Type: {type}", f"Content-Length: {len(body)}", "Connection: close", *headers]
        self.send("\r\n".join([f"HTTP/1.1 {status}", *fields]).encode() + b"\r\n\r\n" + body)

    def reset(self):
        """Ends the connection by RST, and what was sent and not yet received with it."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def wait_for_end(self):
        """Until the client closes, however long that takes."""
        with contextlib.suppress(OSError):
            while self.connection.recv(65536):
                pass


class WebServer:
    """Listens on a port of its own and calls answer(request) for each request, each connection in a thread.

    The connection ends when answer() returns. The client may leave whenever it likes: OSError is no failure.

        with WebServer(answer) as server:
            crawl(folder, server.url("/"))
            server.requests                 # those that came, in their order
    """

    def __init__(self, answer, address="127.0.0.1"):
        self.answer = answer
        self.requests = []
        self.most_requests = 0  # waiting for their answers at a time
        self._waiting = set()
        self.trouble = []
        self._lock = threading.Lock()
        self._connections = set()
        self._threads = []
        self._listener = socket.create_server((address, 0), backlog=512)
        self.address, self.port = self._listener.getsockname()
        self._acceptor = threading.Thread(target=self._accept)

    def url(self, path, host=None):
        return f"http://{host or self.address}:{self.port}{path}"

    def __enter__(self):
        self._acceptor.start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        self._listener.close()
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for text in self.trouble:
            print(text)

    def requests_for(self, path):
        return [r for r in self.requests if r.path == path]

    def connection_count(self):
        with self._lock:
            return len(self._connections)

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._connections.add(connection)
            thread = threading.Thread(target=self._serve, args=[connection])
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection):
        try:
            with contextlib.suppress(OSError):
                if head := self._read_head(connection):
                    request = Request(connection, head)
                    with self._lock:
                        self.requests.append(request)
                        self._waiting.add(request)
                        self.most_requests = max(self.most_requests, len(self._waiting))
                    # Before it is sent: whoever has it may ask for the next one while we are still busy with this one.
                    request.being_answered = lambda: self._waiting.discard(request)
                    self.answer(request)
                    request.being_answered()
        except Exception:
            self.trouble.append(traceback.format_exc())
        finally:
            with self._lock:
                self._connections.discard(connection)
            connection.close()

    @staticmethod
    def _read_head(connection):
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return None
            data += piece
        return data.partition(b"\r\n\r\n")[0]
