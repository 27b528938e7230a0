"""A build backend of a few lines for source trees that tests make. It zips the folder's files."""

import base64
import hashlib
import os
import sys
import zipfile

NAME, VERSION, REQUIRES, BUILD_REQUIRES = "@NAME@", "@VERSION@", @REQUIRES@, @BUILD_REQUIRES@
FILE = "{}-{}-py3-none-any.whl".format(NAME, VERSION)
INFO = "{}-{}.dist-info".format(NAME, VERSION)


def get_requires_for_build_wheel(settings=None):
    print("asked for what a build needs")
    return BUILD_REQUIRES


get_requires_for_build_editable = get_requires_for_build_wheel


def metadata():
    lines = ["Metadata-Version: 2.1", "Name: " + NAME, "Version: " + VERSION]
    return "\n".join(lines + ["Requires-Dist: " + one for one in REQUIRES]) + "\n"


def prepare_metadata_for_build_wheel(folder, settings=None):
    os.makedirs(os.path.join(folder, INFO))
    with open(os.path.join(folder, INFO, "METADATA"), "w") as file:
        file.write(metadata())
    return INFO


def write(folder, modules):
    files = dict(modules)
    files[INFO + "/METADATA"] = metadata()
    files[INFO + "/WHEEL"] = (
        "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    files[INFO + "/entry_points.txt"] = "[console_scripts]\n{0} = {0}:main\n".format(NAME)
    record = ""
    for path, text in sorted(files.items()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
        digest = digest.decode().rstrip("=")
        record += "{},sha256={},{}\n".format(path, digest, len(text.encode()))
    files[INFO + "/RECORD"] = record + INFO + "/RECORD,,\n"
    with zipfile.ZipFile(os.path.join(folder, FILE), "w") as archive:
        for path, text in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(path), text)
    return FILE


def build_wheel(folder, settings=None, metadata=None):
    if os.path.exists("broken"):
        print("something of the compiler's")
        raise SystemExit("the build broke: " + open("broken").read())
    # What a build can see and must not.
    assert "PYTHONPATH" not in os.environ, "the user's own packages"
    import site

    assert not site.ENABLE_USER_SITE
    for name in BUILD_REQUIRES:
        __import__(name)
    with open(NAME + ".py") as file:
        module = file.read()
    return write(folder, {NAME + ".py": module})


def build_editable(folder, settings=None, metadata=None):
    return write(folder, {"__editable__.pth": os.getcwd() + "\n"})
