"""Imports the whole standard library and prints what came of it, as one JSON object. Run with -I; Python 3.8 and newer."""

import importlib
import json
import os
import sys

# Of 3.8 and 3.9, which don't list their modules themselves, what is not private.
OLD = """
abc aifc argparse array ast asynchat asyncio asyncore atexit audioop base64 bdb binascii binhex bisect builtins bz2 cProfile calendar
cgi cgitb chunk cmath cmd code codecs codeop collections colorsys compileall concurrent configparser contextlib contextvars copy copyreg
crypt csv ctypes curses dataclasses datetime dbm decimal difflib dis distutils doctest email encodings ensurepip enum errno faulthandler
fcntl filecmp fileinput fnmatch formatter fractions ftplib functools gc genericpath getopt getpass gettext glob grp gzip hashlib heapq
hmac html http idlelib imaplib imghdr imp importlib inspect io ipaddress itertools json keyword lib2to3 linecache locale logging lzma
mailbox mailcap marshal math mimetypes mmap modulefinder multiprocessing netrc nis nntplib ntpath nturl2path numbers opcode operator
optparse os ossaudiodev parser pathlib pdb pickle pickletools pipes pkgutil platform plistlib poplib posix posixpath pprint profile
pstats pty pwd py_compile pyclbr pydoc pydoc_data pyexpat queue quopri random re readline reprlib resource rlcompleter runpy sched
secrets select selectors shelve shlex shutil signal site smtpd smtplib sndhdr socket socketserver spwd sqlite3 sre_compile sre_constants
sre_parse ssl stat statistics string stringprep struct subprocess sunau symbol symtable sys sysconfig syslog tabnanny tarfile telnetlib
tempfile termios textwrap threading time timeit tkinter token tokenize trace traceback tracemalloc tty turtle turtledemo types typing
unicodedata unittest urllib uu uuid venv warnings wave weakref webbrowser wsgiref xdrlib xml xmlrpc zipapp zipfile zipimport zlib
"""
# Of other systems; jokes, which open a browser and recite; the test suite, which boot installs nowhere.
ELSEWHERE = {"antigravity", "msilib", "msvcrt", "nt", "test", "this", "winreg", "winsound", "xxlimited", "xxsubtype"}
# What CPython's own documentation calls optional, or what is about to go: nobody's Python is broken without it.
OPTIONAL = {"crypt", "dbm.gnu", "dbm.ndbm", "idlelib", "nis", "ossaudiodev", "spwd", "tkinter", "turtle", "turtledemo"}
# Parts that distributions cut out of a package that they leave in place, and that some libraries are behind.
PARTS = ["concurrent.futures", "curses.panel", "email.mime.text", "http.server", "importlib.metadata", "multiprocessing.synchronize"]
PARTS += ["unittest.mock", "urllib.request", "xml.etree.ElementTree", "dbm.gnu", "dbm.ndbm"]

names = {name for name in getattr(sys, "stdlib_module_names", OLD.split()) if not name.startswith("_")} - ELSEWHERE
if sys.version_info >= (3, 9):
    names |= {"graphlib", "zoneinfo"}
if "distutils" in names:
    names.add("distutils.core")
names.update(PARTS)

# Whatever a module prints when it is imported is not our answer.
answer = os.fdopen(os.dup(1), "w")
sys.stdout = open(os.devnull, "w")

modules = {}
for name in sorted(names):
    try:
        importlib.import_module(name)
        modules[name] = None
    except BaseException as error:
        modules[name] = "{}: {}".format(type(error).__name__, error)


def detail(name, what):
    """The version of the library behind a module, where it can be had."""
    if modules.get(name, "") is None:
        try:
            return str(what(sys.modules[name]))
        except Exception:
            pass
    return None


def readline(module):
    kind = "libedit" if "libedit" in (module.__doc__ or "") else "GNU readline"
    version = getattr(module, "_READLINE_RUNTIME_VERSION", 0)
    return "{} {}.{}".format(kind, version >> 8, version & 255) if version else kind


details = {
    "ssl": detail("ssl", lambda module: " ".join(module.OPENSSL_VERSION.split()[:2])),
    "sqlite3": detail("sqlite3", lambda module: "SQLite " + module.sqlite_version),
    "zlib": detail("zlib", lambda module: "zlib " + module.ZLIB_RUNTIME_VERSION),
    "curses": detail("curses", lambda module: "ncurses {0.major}.{0.minor}".format(module.ncurses_version)),
    "readline": detail("readline", readline),
    "tkinter": detail("tkinter", lambda module: "Tk {}".format(module.TkVersion)),
    "pyexpat": detail("pyexpat", lambda module: module.EXPAT_VERSION.replace("_", " ")),
}
try:
    pip = importlib.import_module("pip").__version__
    place = os.path.dirname(sys.modules["pip"].__file__)
except BaseException:
    pip = place = None

json.dump(
    {"modules": modules, "optional": sorted(OPTIONAL), "details": {k: v for k, v in details.items() if v}, "pip": pip, "place": place},
    answer,
)
answer.flush()
# Some modules leave threads or handlers that would have their say at the end.
os._exit(0)
