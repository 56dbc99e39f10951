# shellcheck shell=bash disable=SC2034,SC2154 # names that its callers and siblings know
# What a version of Muster consists of, beside Python's packages: from a checkout into a folder.

# The architecture in the words of Debian, of pip's platforms and of Python.
declare -Ar machines=([amd64]=x86_64 [arm64]=aarch64)

# runtime_for ARCHITECTURE PYTHON: docs/install.md says why
runtime_for() {
	if [ "$1 $2" = "arm64 3.11" ]; then echo tflite; else echo litert; fi
}

# copy_payload CHECKOUT FOLDER: networks, installer, scripts; no environment, no Python
copy_payload() {
	local each
	mkdir -p "$2/models" "$2/scripts"
	cp "$1"/models/*.tflite "$1"/models/*.toml "$1"/models/head.npz "$2/models/"
	cp -R "$1/deploy" "$2/deploy"
	for each in "$1"/scripts/*; do
		case ${each##*/} in
			*.py | demo | __pycache__) ;;
			*) cp -R "$each" "$2/scripts/" ;;
		esac
	done
	cp "$1/LICENSE" "$1/NOTICE" "$2/"
	find "$2" -name __pycache__ -prune -exec rm -rf {} +
}

# copy_source CHECKOUT FOLDER: what the wheel is built from, so that building leaves nothing in the checkout
copy_source() {
	mkdir -p "$2"
	cp -R "$1/edge" "$1/pyproject.toml" "$1/README.md" "$1/LICENSE" "$2/"
	find "$2" -name __pycache__ -prune -exec rm -rf {} +
}

# write_manifest CHECKOUT FOLDER ARCHITECTURE PYTHON RUNTIME NEEDS_MIB
write_manifest() {
	local version commit
	version=$(sed -n 's/^__version__ = "\([0-9A-Za-z.+]*\)"$/\1/p' "$1/edge/__init__.py")
	commit=$(git -c safe.directory='*' -C "$1" describe --always --dirty 2>/dev/null || echo unknown)
	printf '%s=%s\n' muster-bundle 1 version "$version" commit "$commit" architecture "$3" python "$4" runtime "$5" \
		needs_mib "$6" >"$2/MANIFEST"
}

# write_sums FOLDER: SHA256SUMS over everything else in it
write_sums() {
	(cd "$1" && find . -type f ! -path ./SHA256SUMS -print0 | LC_ALL=C sort -z | xargs -0 sha256sum >SHA256SUMS)
	chmod -R u=rwX,go=rX "$1"
}
