"""A server that answers byte after byte, and a limit to what waiting for it may take."""

import contextlib
import socket
import threading
import time


@contextlib.contextmanager
def trickling(answer, *, drip=True):
    """The URL of a server that answers every request with these bytes, and then with one byte more every moment."""
    over = threading.Event()

    def serve(connection):
        with connection, contextlib.suppress(OSError):
            connection.recv(1 << 16)
            connection.sendall(answer)
            while drip and not over.wait(0.1):
                connection.sendall(b"x")

    def listen():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=listen, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        over.set()


@contextlib.contextmanager
def stopwatch(seconds):
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds
