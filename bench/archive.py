"""Makes a mirror of genuine CPythons in FOLDER, for boot and for uv: `archive.py FOLDER ADDRESS [PREFIX VERSION]`.

One is the archive in an npm package, which lost its links and modes; they are put back. The other, where it is asked for, is packed from
the installation in PREFIX. ADDRESS is where FOLDER will be served.
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
    publish(folder, address, archive, "3.9.13")
    if len(sys.argv) > 3:
        prefix, version = sys.argv[3:]
        archive = folder / RELEASE / f"cpython-{version}+{RELEASE}-x86_64-unknown-linux-gnu-install_only.tar.gz"
        with tarfile.open(archive, "w:gz", compresslevel=9) as tar:
            # What an installer adds, and what running it leaves.
            own = {"boot.json", "EXTERNALLY-MANAGED", "__pycache__"}
            tar.add(os.path.realpath(prefix), "python", filter=lambda entry: None if entry.name.rpartition("/")[2] in own else entry)
        publish(folder, address, archive, version)


def publish(folder, address, archive, version):
    """Adds an archive to boot's catalog and to uv's list of downloads."""
    sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
    with open(folder / "catalog.tsv", "a", encoding="utf-8") as catalog:
        catalog.write("\t".join([version, "linux-x86_64-gnu", "default", RELEASE, archive.name, sha256]) + "\n")
    major, minor, patch = map(int, version.split("."))
    build = {
        "name": "cpython", "arch": {"family": "x86_64", "variant": None}, "os": "linux", "libc": "gnu", "major": major, "minor": minor,
        "patch": patch, "prerelease": "", "url": f"{address}/{RELEASE}/{archive.name.replace('+', '%2B')}", "sha256": sha256,
        "variant": None, "build": RELEASE,
    }
    downloads = folder / "downloads.json"
    known = json.loads(downloads.read_text()) if downloads.exists() else {}
    downloads.write_text(json.dumps(known | {f"cpython-{version}-linux-x86_64-gnu": build}))


main()
