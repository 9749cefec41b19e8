"""A double of a package index: a real HTTP server on loopback whose manners and misbehaviour a test chooses."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import html
import json
import re
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

JSON_TYPE = "application/vnd.pypi.simple.v1+json"


@dataclass(kw_only=True)
class HostedFile:
    """One file of a project, and what the index says of it."""

    content: bytes
    upload_time: str | None = None
    requires_python: str | None = None
    yanked: str | bool = False
    metadata: bytes | None = None
    hashes: dict[str, str] | None = None

    @property
    def sha256(self):
        return hashlib.sha256(self.content).hexdigest()


@dataclass(kw_only=True)
class Manners:
    """What the index can do; the defaults are those of a complete, modern index."""

    json: bool = True
    upload_times: str = "everywhere"  # "json": only on JSON pages; "project": only in the project JSON; "nowhere"
    ranges: bool = True
    metadata: bool = True
    relative_links: bool = False
    etags: bool = True
    cache_control: str | None = None
    gzip: bool = False
    credentials: tuple[str, str] | None = None


@dataclass
class Seen:
    """One request, as it arrived, and what was answered."""

    path: str
    headers: dict[str, str]
    status: int = 0
    sent: int = 0


@dataclass
class IndexServer:
    """Serves `projects` (name -> file name -> file) under ``/simple/``; a context manager.

    `faults` names, for a path, what happens to the next requests for it, one each: an int is answered with that
    status, "break" sends half of the body and hangs up, "hang up" sends nothing.
    `extra` serves other bytes by their path.
    """

    projects: dict[str, dict[str, HostedFile]] = field(default_factory=dict)
    manners: Manners = field(default_factory=Manners)
    extra: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    faults: dict[str, deque] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)

    def __enter__(self):
        handler = type("Handler", (_Handler,), {"index": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def origin(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def simple(self):
        return f"{self.origin}/simple"

    def file_url(self, project, name):
        return f"{self.origin}/files/{project}/{name}"

    def add(self, project, name, content=b"", **said):
        self.projects.setdefault(project, {})[name] = HostedFile(content=content, **said)

    def fail(self, path, *faults):
        self.faults.setdefault(path, deque()).extend(faults)

    def requests_for(self, path):
        return [one for one in self.seen if one.path == path]

    # What stands under a path: (content type, bytes), or None.

    def answer(self, path, accept):
        if path in self.extra:
            return self.extra[path]
        if match := re.fullmatch(r"/simple/([^/]+)/", path):
            return self._page(match[1], accept)
        if match := re.fullmatch(r"/pypi/([^/]+)/json", path):
            return self._project_json(match[1])
        if match := re.fullmatch(r"/files/([^/]+)/(.+?)(\.metadata)?", path):
            return self._file(match[1], match[2], metadata=bool(match[3]))
        return None

    def _file(self, project, name, *, metadata):
        file = self.projects.get(project, {}).get(name)
        if file is None or (metadata and file.metadata is None):
            return None
        return "application/octet-stream", file.metadata if metadata else file.content

    def _page(self, project, accept):
        if project not in self.projects:
            return None
        as_json = self.manners.json and JSON_TYPE in accept
        dated = self.manners.upload_times == "everywhere" or (self.manners.upload_times == "json" and as_json)
        files = [self._entry(project, name, file, dated=dated) for name, file in self.projects[project].items()]
        if as_json:
            body = {"meta": {"api-version": "1.1"}, "name": project, "files": files, "versions": []}
            return JSON_TYPE, json.dumps(body).encode()
        return "text/html", _as_html(project, files)

    def _entry(self, project, name, file, *, dated):
        prefix = "../../files" if self.manners.relative_links else f"{self.origin}/files"
        entry = {
            "filename": name,
            "url": f"{prefix}/{project}/{name}",
            "hashes": {"sha256": file.sha256} if file.hashes is None else file.hashes,
            "yanked": file.yanked,
            "size": len(file.content),
        }
        if file.requires_python is not None:
            entry["requires-python"] = file.requires_python
        if file.metadata is not None and self.manners.metadata:
            entry["core-metadata"] = {"sha256": hashlib.sha256(file.metadata).hexdigest()}
        if dated and file.upload_time is not None:
            entry["upload-time"] = file.upload_time
        return entry

    def _project_json(self, project):
        if self.manners.upload_times == "nowhere" or project not in self.projects:
            return None
        urls = [
            {"filename": name, "upload_time_iso_8601": file.upload_time}
            for name, file in self.projects[project].items()
            if file.upload_time
        ]
        return "application/json", json.dumps({"info": {}, "releases": {"0": urls}, "urls": []}).encode()


def _as_html(project, files):
    lines = []
    for file in files:
        algorithm, digest = next(iter(file["hashes"].items()), (None, None))
        fragment = f"#{algorithm}={digest}" if algorithm else ""
        attributes = {
            "href": file["url"] + fragment,
            "data-requires-python": file.get("requires-python"),
            "data-core-metadata": f"sha256={file['core-metadata']['sha256']}" if "core-metadata" in file else None,
            "data-yanked": None if file["yanked"] is False else ("" if file["yanked"] is True else file["yanked"]),
            "data-upload-time": file.get("upload-time"),
        }
        said = " ".join(f'{key}="{html.escape(value)}"' for key, value in attributes.items() if value is not None)
        lines.append(f"<a {said}>{html.escape(file['filename'])}</a><br/>")
    head = '<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.1"></head><body>'
    return (f"{head}<h1>Links for {project}</h1>\n" + "\n".join(lines) + "</body></html>").encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # uv opens fifty connections at once


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True
    index: IndexServer

    def handle(self):
        with contextlib.suppress(ConnectionError):  # a client that has seen enough hangs up
            super().handle()

    def log_message(self, *_):
        pass

    def do_GET(self):
        path = unquote(urlsplit(self.path).path)
        self.record = Seen(path, dict(self.headers.items()))
        self.index.seen.append(self.record)
        faults = self.index.faults.get(path)
        fault = faults.popleft() if faults else None
        if fault == "hang up":
            self.close_connection = True
        elif isinstance(fault, int):
            self._send(fault, {}, b"")
        elif self.index.manners.credentials and not self._authorized():
            self._send(401, {"WWW-Authenticate": 'Basic realm="index"'}, b"")
        else:
            self._answer(path, broken=fault == "break")

    def _authorized(self):
        import base64

        user, password = self.index.manners.credentials
        expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        return self.headers.get("Authorization") == expected

    def _answer(self, path, *, broken):
        found = self.index.answer(path, self.headers.get("Accept", ""))
        if found is None:
            self._send(404, {}, b"not here")
            return
        kind, body = found
        manners = self.index.manners
        headers = {"Content-Type": kind}
        if manners.etags:
            headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if manners.cache_control:
            headers["Cache-Control"] = manners.cache_control
        if manners.etags and self.headers.get("If-None-Match") == headers["ETag"]:
            self._send(304, headers, b"")
        elif manners.ranges and "Range" in self.headers and path.startswith("/files/"):
            self._send_part(headers, body, broken=broken)
        else:
            if manners.gzip and "gzip" in self.headers.get("Accept-Encoding", ""):
                headers["Content-Encoding"], body = "gzip", gzip.compress(body)
            self._send(200, headers, body, broken=broken)

    def _send_part(self, headers, body, *, broken):
        match = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers["Range"])
        if match is None:  # several ranges: the whole file, as some real servers do
            self._send(200, headers, body)
            return
        first, last = match[1], match[2]
        start = int(first) if first else max(0, len(body) - int(last))
        stop = min(int(last) + 1, len(body)) if first and last else len(body)
        if start >= stop:
            self._send(416, headers | {"Content-Range": f"bytes */{len(body)}"}, b"")
            return
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(body)}"
        self._send(206, headers, body[start:stop], broken=broken)

    def _send(self, status, headers, body, *, broken=False):
        self.record.status = status
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        sent = body[: len(body) // 2] if broken else body
        self.wfile.write(sent)
        self.record.sent = len(sent)
        if broken:
            self.close_connection = True
