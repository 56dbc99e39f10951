#!/usr/bin/env bash
# Compiles the int8 networks for the Edge TPU (`make edgetpu`), or says what is missing. models/compiled.py does the work.
set -euo pipefail
unset CDPATH # cd would look there first

usage() {
    cat <<'END'
Usage: models/compile_edgetpu.sh [-h] [-m FILE]

Checks the int8 networks, compiles them for the Edge TPU in one call, puts the files beside them
and names them in the manifest. Needs x86-64 Linux and the vendor's edgetpu_compiler.

  -m FILE   the manifest, beside the networks; models/manifest.toml when not given
  -h        this text

EDGETPU_COMPILER=PROGRAM   the compiler, if it is not edgetpu_compiler in PATH
LIMIT=SECONDS              how long it may take; 600 when not given
MUSTER_PYTHON=PROGRAM      the Python to use; .venv/bin/python when not given

Exit code: 0 done, 64 wrong usage, 65 a network is at fault, 69 no compiler here or it does not work, 74 the disk.
END
}

unavailable() {
    cat >&2 <<END
$1
The networks themselves are fit to be compiled, as far as Muster's own table of the compiler's rules knows.

How to get the compiler (docs/models.md, "Compiling for the Edge TPU"):
  - the vendor's Debian package edgetpu-compiler, on x86-64 Linux; or
  - a container with it, on any machine: EDGETPU_COMPILER names a program that runs it there; or
  - the vendor's notebook: compile there, then  .venv/bin/python -m models.compiled --made FOLDER
What works without: everything, on the CPU. Leave [accelerator] kind at "auto" or set it to "cpu".
END
    exit 69
}

manifest=
while getopts hm: option; do
    case $option in
        h) usage; exit 0 ;;
        m) manifest=$(realpath -- "$OPTARG") ;;
        *) usage >&2; exit 64 ;;
    esac
done
[[ $OPTIND -gt $# ]] || { usage >&2; exit 64; }
if ! [[ ${LIMIT:-600} =~ ^[0-9]*[1-9][0-9]*([.][0-9]+)?$ ]]; then
    echo "LIMIT is '$LIMIT', and must be a number of seconds, 1 or more, as in LIMIT=3600: so long may the compiler take." >&2
    exit 64
fi

named=${EDGETPU_COMPILER:-}
compiler=$(command -v -- "${named:-edgetpu_compiler}") && compiler=$(realpath -s -- "$compiler") || compiler=
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
manifest=${manifest:-$PWD/models/manifest.toml}
python=${MUSTER_PYTHON:-.venv/bin/python}

# The dry run. Its table knows networks like ours; the compiler has the last word.
"$python" -m models.check "${manifest%/*}"/{pnet,rnet,onet,facenet}-int8.tflite

if [[ -z $named && "$(uname -s) $(uname -m)" != "Linux x86_64" ]]; then
    unavailable "This machine is $(uname -s) on $(uname -m): the Edge TPU compiler runs on x86-64 Linux only."
elif [[ -z $compiler ]]; then
    unavailable "${named:-edgetpu_compiler}: no such program${named:+, though EDGETPU_COMPILER names it}."
fi
exec "$python" -m models.compiled --compiler "$compiler" --manifest "$manifest" --limit "${LIMIT:-600}"
