"""Compiles the modules of cached wheels, once for each wheel and Python, and links the result into an environment.

Run in the background after a tool was published; gets its work as JSON on stdin. Nothing depends on it: whatever fails is
left out, and Python then compiles on first use, as ever.
"""

import fcntl
import json
import os
import py_compile
import shutil
import sys
import tempfile


def compile_wheel(tree, done, wheels):
    # Named by its inode and locked as boot's own staging folders are, so that a boot that comes along sweeps it if this is killed.
    bare = tempfile.mkdtemp(prefix=".boot-staging-", dir=wheels)
    lock = os.open(bare, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    staging = os.path.join(wheels, ".boot-staging-%x.%s" % (os.fstat(lock).st_ino, os.urandom(3).hex()))
    os.rename(bare, staging)
    # From here on by relative names: should somebody delete the folder, nothing is made in its place.
    os.chmod(staging, 0o755)
    os.chdir(staging)
    for folder, _, names in os.walk(tree):
        sources = [name for name in names if name.endswith(".py")]
        if not sources:
            continue
        inside = os.path.join(os.path.relpath(folder, tree), "__pycache__")
        os.makedirs(inside)
        for name in sources:
            compiled = os.path.join(inside, "%s.%s.pyc" % (name[:-3], sys.implementation.cache_tag))
            try:
                py_compile.compile(
                    os.path.join(folder, name),
                    cfile=compiled,
                    doraise=True,
                    invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP,
                )
            except (py_compile.PyCompileError, OSError, ValueError, RecursionError):
                pass
    try:
        os.rename(staging, done)
    except OSError:
        # Another process was first.
        shutil.rmtree(staging, ignore_errors=True)
    os.close(lock)


def link_wheel(tree, done, site):
    for folder, _, names in os.walk(done):
        source_folder = os.path.dirname(os.path.relpath(folder, done))
        for name in names:
            source = os.path.join(source_folder, name.split(".")[0] + ".py")
            try:
                # Only beside the very file that was compiled: the environment may have been replaced meanwhile.
                if os.path.samefile(os.path.join(tree, source), os.path.join(site, source)):
                    cache = os.path.join(site, source_folder, "__pycache__")
                    if not os.path.isdir(cache):
                        os.mkdir(cache)
                    os.link(os.path.join(folder, name), os.path.join(cache, name))
            except OSError:
                pass


def main():
    work = json.load(sys.stdin)
    for wheel in work["wheels"]:
        if not os.path.isdir(wheel["done"]):
            compile_wheel(wheel["tree"], wheel["done"], work["folder"])
        link_wheel(wheel["tree"], wheel["done"], wheel["site"])


main()
