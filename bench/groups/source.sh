# shellcheck shell=bash disable=SC2154
# A CPython from source: boot against pyenv, the same version and options, where there is a pyenv and a place that has the source. Minutes.
# BENCH_SOURCE names the version; BENCH_SOURCES a folder with its archive (Python-3.13.5.tar.xz), from which both take it.

version=${BENCH_SOURCE-3.13.5}
if [ -n "$pyenv" ]; then
  export PYENV_ROOT=$work/pyenv-source
  if [ -n "${BENCH_SOURCES-}" ]; then
    export PYTHON_BUILD_CACHE_PATH=$BENCH_SOURCES BOOT_SOURCE_MIRROR=file://$BENCH_SOURCES
  fi
  # Neither takes what it has built before.
  runs=1 warmup=0 prepare="rm -rf $work/build-data $work/build-cache $PYENV_ROOT/versions" compare "CPython $version from source" "0.75 or less" \
    "boot python install --source" "env BOOT_DATA_DIR=$work/build-data BOOT_CACHE_DIR=$work/build-cache $boot python install --source $version" \
    "pyenv install" "$pyenv install $version"
else
  echo "bench: no pyenv here, so the build from source is left out" >&2
fi
