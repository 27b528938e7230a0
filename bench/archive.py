"""Makes a mirror of one genuine prebuilt CPython in FOLDER, for boot and for uv: `archive.py FOLDER ADDRESS`.

The archive is in an npm package, which lost its links and modes; they are put back. ADDRESS is where FOLDER will be served.
"""

import hashlib
import io
import json
import os
import sys
import tarfile
import urllib.request
from pathlib import Path

PACKAGE = "@xspect-build/python-linux-x64/-/python-linux-x64-3.9.13-install-only.1.tgz"
SHA256 = "a6b8d7d28fe49f7c010e540bf4cbb68b819a4aeeea9f85efd26866123031857b"
RELEASE = "20220528"
FILE = "cpython-3.9.13+20220528-x86_64-unknown-linux-gnu-install_only.tar.gz"
# Where the archive had links.
LINKED = {"bin", "lib", "pkgconfig", "man1"}


def main():
    folder, address = Path(sys.argv[1]), sys.argv[2]
    registry = os.environ.get("npm_config_registry", "https://registry.npmjs.org").rstrip("/")
    with urllib.request.urlopen(f"{registry}/{PACKAGE}", timeout=300) as answer:
        package = answer.read()
    if hashlib.sha256(package).hexdigest() != SHA256:
        sys.exit("archive.py: the registry serves another package")
    files = {}
    with tarfile.open(fileobj=io.BytesIO(package)) as tar:
        for entry in tar:
            if entry.isfile() and entry.name.startswith("package/python/"):
                files[entry.name.removeprefix("package/")] = tar.extractfile(entry).read()
    (folder / RELEASE).mkdir(parents=True)
    archive = folder / RELEASE / FILE
    seen = {}
    with tarfile.open(archive, "w:gz", compresslevel=9) as tar:
        # The longest name first: python3 is a link to python3.9.
        for name, content in sorted(files.items(), key=lambda item: (-len(item[0]), item[0])):
            entry = tarfile.TarInfo(name)
            parent, _, base = name.rpartition("/")
            same = (parent, hashlib.sha256(content).digest())
            if parent.rpartition("/")[2] in LINKED and seen.setdefault(same, base) != base:
                entry.type, entry.linkname = tarfile.SYMTYPE, seen[same]
                tar.addfile(entry)
                continue
            entry.size = len(content)
            entry.mode = 0o755 if content[:2] == b"#!" or content[:4] == b"\x7fELF" else 0o644
            tar.addfile(entry, io.BytesIO(content))
    sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
    row = ["3.9.13", "linux-x86_64-gnu", "default", RELEASE, FILE, sha256]
    (folder / "catalog.tsv").write_text("\t".join(row) + "\n")
    build = {
        "name": "cpython", "arch": {"family": "x86_64", "variant": None}, "os": "linux", "libc": "gnu", "major": 3, "minor": 9, "patch": 13,
        "prerelease": "", "url": f"{address}/{RELEASE}/{FILE.replace('+', '%2B')}", "sha256": sha256, "variant": None, "build": RELEASE,
    }
    (folder / "downloads.json").write_text(json.dumps({"cpython-3.9.13-linux-x86_64-gnu": build}))


main()
