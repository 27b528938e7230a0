"""Prints what boot needs to know of an interpreter, as one JSON object. Run with -I; Python 3.8 and newer."""

import json
import os
import platform
import sys
import sysconfig


def implementation_version(info):
    version = "{0.major}.{0.minor}.{0.micro}".format(info)
    if info.releaselevel != "final":
        version += info.releaselevel[0] + str(info.serial)
    return version


def libc():
    if sys.platform != "linux":
        return None
    try:
        name, version = os.confstr("CS_GNU_LIBC_VERSION").split()
    except (AttributeError, OSError, ValueError):
        return ["musl", 1, 2] if "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or "") else None
    major, minor = version.split(".")[:2]
    return [name, int(major), int(minor)]


base = {"base": ".", "platbase": ".", "installed_base": ".", "installed_platbase": "."}
scheme = "venv" if "venv" in sysconfig.get_scheme_names() else "posix_prefix"
paths = sysconfig.get_paths(scheme, vars=base)

print(
    json.dumps(
        {
            "version": list(sys.version_info[:3]),
            "markers": {
                "implementation_name": sys.implementation.name,
                "implementation_version": implementation_version(sys.implementation.version),
                "os_name": os.name,
                "platform_machine": platform.machine(),
                "platform_python_implementation": platform.python_implementation(),
                "platform_release": platform.release(),
                "platform_system": platform.system(),
                "platform_version": platform.version(),
                "python_full_version": platform.python_version(),
                "python_version": ".".join(platform.python_version_tuple()[:2]),
                "sys_platform": sys.platform,
            },
            "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
            "soabi": sysconfig.get_config_var("SOABI") or "",
            "pointer_bits": 64 if sys.maxsize > 2**32 else 32,
            "libc": libc(),
            "macos": [int(n) for n in platform.mac_ver()[0].split(".")[:2]] if sys.platform == "darwin" else None,
            "cache_tag": sys.implementation.cache_tag,
            "magic": __import__("importlib.util", fromlist=["util"]).MAGIC_NUMBER.hex(),
            "stdlib": sysconfig.get_path("stdlib"),
            "purelib": os.path.normpath(paths["purelib"]),
            "platlib": os.path.normpath(paths["platlib"]),
            "scripts": os.path.normpath(paths["scripts"]),
            "include": os.path.normpath(paths["include"]),
        }
    )
)
