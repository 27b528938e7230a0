"""Runs a hook of PEP 517 or PEP 660. What to do is read from stdin as JSON, what came of it is written to a file.

Runs with -I in the throw-away environment: nothing of the user's own reaches the backend.
"""

import importlib
import json
import os
import sys

work = json.load(sys.stdin)
source = work["source"]
os.chdir(source)
folders = [os.path.normpath(os.path.join(source, folder)) for folder in work["backend_path"]]
sys.path[:0] = folders

module, _, inside = work["backend"].partition(":")
backend = importlib.import_module(module)
if folders:
    # PEP 517: a backend that is said to be in the tree must be the one in the tree.
    real = os.path.realpath(backend.__file__ or "")
    if not any(real.startswith(os.path.realpath(folder) + os.sep) for folder in folders):
        sys.exit("the backend {} isn't in its backend-path".format(module))
for name in inside.split("."):
    if name:
        backend = getattr(backend, name)

kind = "editable" if work["editable"] else "wheel"
build = getattr(backend, "build_" + kind, None)
if build is None:
    sys.exit("the backend {} can't build {}s".format(module, kind))


def answer(**fields):
    with open(work["answer"], "w", encoding="utf-8") as file:
        json.dump(fields, file)
    sys.exit(0)


if not work["ready"]:
    requires = getattr(backend, "get_requires_for_build_" + kind, lambda settings=None: [])(None)
    if requires:
        answer(requires=list(requires))
if work["metadata"]:
    prepare = getattr(backend, "prepare_metadata_for_build_" + kind, None)
    if prepare is not None:
        answer(metadata=prepare(work["out"], None))
answer(wheel=build(work["out"], None))
