"""A package index on loopback that is as far away as the public one: `slow_index.py FOLDER PORT-FILE [MILLISECONDS]`.

Serves the wheels in FOLDER by PEP 691, each with its metadata beside it (PEP 658). Every request waits one round trip, and so does
a new connection: what the kernel's handshake would take. The port is written to PORT-FILE once it listens.
"""

import email.parser
import hashlib
import http.server
import json
import re
import sys
import time
import zipfile
from pathlib import Path

DELAY = float(sys.argv[3]) / 1000 if len(sys.argv) > 3 else 0.03


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def read(folder):
    """All that is served: path -> (content type, body)."""
    pages, served = {}, {}
    for wheel in sorted(folder.glob("*.whl")):
        content = wheel.read_bytes()
        with zipfile.ZipFile(wheel) as archive:
            path = next(name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
            metadata = archive.read(path)
        served[f"/files/{wheel.name}"] = ("application/octet-stream", content)
        served[f"/files/{wheel.name}.metadata"] = ("application/octet-stream", metadata)
        file = {
            "filename": wheel.name,
            "url": f"../../files/{wheel.name}",
            "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
            "core-metadata": {"sha256": hashlib.sha256(metadata).hexdigest()},
            "size": len(content),
            "yanked": False,
        }
        python = email.parser.BytesParser().parsebytes(metadata, headersonly=True).get("Requires-Python")
        if python:
            file["requires-python"] = python
        pages.setdefault(normal(wheel.name.split("-")[0]), []).append(file)
    for name, files in pages.items():
        page = {"meta": {"api-version": "1.1"}, "name": name, "files": files}
        served[f"/simple/{name}/"] = ("application/vnd.pypi.simple.v1+json", json.dumps(page).encode())
    return served


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    served = {}

    def setup(self):
        super().setup()
        time.sleep(DELAY)

    def do_GET(self):
        time.sleep(DELAY)
        kind, body = self.served.get(self.path, (None, b""))
        status, first = 200, 0
        wanted = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        if wanted and kind:
            start, end = wanted.groups()
            first = int(start) if start else max(0, len(body) - int(end))
            last = int(end) if start and end else len(body) - 1
            status, whole = 206, len(body)
            body = body[first : last + 1]
        self.send_response(status if kind else 404)
        if kind:
            self.send_header("Content-Type", kind)
            self.send_header("Cache-Control", "max-age=600, public")
            self.send_header("Accept-Ranges", "bytes")
            if status == 206:
                self.send_header("Content-Range", f"bytes {first}-{first + len(body) - 1}/{whole}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


def main():
    Handler.served = read(Path(sys.argv[1]))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.socket.listen(64)
    port = Path(sys.argv[2])
    part = port.with_suffix(".part")
    part.write_text(str(server.server_address[1]))
    part.rename(port)
    server.serve_forever()


main()
