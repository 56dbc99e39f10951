# shellcheck shell=bash disable=SC2034,SC2154 # names that its callers and siblings know
# Versions lie side by side; which of them is the unit's is one symlink.

readonly home=/opt/muster
readonly versions=$home/versions
readonly system_python=/usr/bin/python3 # Debian's: picamera2 is built for it
readonly whole=.whole                   # the last file of a version that is all there

# version_name FOLDER: of a payload: two builds of one version are two
version_name() { printf '%s-%s\n' "$(part "$1/MANIFEST" version)" "$(sha256sum <"$1/SHA256SUMS" | cut -c1-8)"; }

is_whole() { [ -e "$1/$whole" ] && "$1/.venv/bin/muster" --version >/dev/null 2>&1; }

# sees_system FOLDER: lets its environment see Debian's packages of Python where the camera or the pins need them
sees_system() {
	local wanted=false package
	for package in python3-picamera2 python3-lgpio; do
		[ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" != installed ] || wanted=true
	done
	grep -qx "include-system-site-packages = $wanted" "$1/.venv/pyvenv.cfg" && return
	sed -i "s/^include-system-site-packages = .*/include-system-site-packages = $wanted/" "$1/.venv/pyvenv.cfg"
	if [ $wanted = true ]; then changed "The environment sees the system's picamera2 and lgpio."; else changed "The environment is closed."; fi
}

# pip_in FOLDER ARGUMENT...: its environment's pip. From wheels it is asked for nothing outside of them.
pip_in() {
	local folder=$1 pip=("$1/.venv/bin/python" -m pip)
	shift
	if [ -d "$payload/wheels" ]; then
		pip=(env PIP_CONFIG_FILE=/dev/null "PYTHONPATH=$(echo "$payload"/wheels/pip-*.whl)" "${pip[@]}" --isolated)
	fi
	TMPDIR=$work "${pip[@]}" install --quiet --disable-pip-version-check --no-input --no-cache-dir --root-user-action=ignore "$@" ||
		refuse 69 "pip did not install what Muster needs into $folder; its own words are above." \
			"Put right what it names, then this again. What is there now goes on as it was."
}

# fill_environment FOLDER
fill_environment() {
	if [ -d "$payload/wheels" ]; then
		"$system_python" -m venv --without-pip "$1/.venv"
		pip_in "$1" --require-hashes --no-index --find-links "$payload/wheels" --requirement "$payload/requirements.txt"
		pip_in "$1" --no-index --no-deps "$payload"/wheels/muster-*.whl
	else
		"$system_python" -m venv "$1/.venv"
		pip_in "$1" --require-hashes --requirement "$payload/requirements.txt" --requirement "$payload/install.txt"
		pip_in "$1" --no-index --no-deps --no-build-isolation "$payload/source"
	fi
}

# lay_version FOLDER: `payload` becomes FOLDER, beside the other versions. What a cut left behind is begun again.
lay_version() {
	local each
	rm -rf "$1"
	laying=$1
	mkdir -p "$1"
	fill_environment "$1"
	for each in MANIFEST SHA256SUMS requirements.txt LICENSE NOTICE models deploy scripts; do mv "$payload/$each" "$1/"; done
	"$1/.venv/bin/muster" --version >/dev/null || refuse 70 "the new version does not start; its own words are above." \
		"What is there now goes on as it was. Report it, with these words."
	sync -f "$1"
	touch "$1/$whole"
	sync -f "$1"
	laying=''
	changed "Version ${1##*/} lies in $1 ($(part "$1/MANIFEST" runtime), $(du -sm "$1" | cut -f1) MiB)."
}

# point NAME FOLDER: the symlink $home/NAME, never absent and never half
point() {
	[ "$(readlink "$home/$1" 2>/dev/null)" != "$2" ] || return 0
	ln -sfn "$2" "$home/.$1.new"
	mv -T "$home/.$1.new" "$home/$1"
	sync -f "$home"
}

# switch_to FOLDER
switch_to() {
	local before
	before=$(readlink "$home/current" 2>/dev/null || true)
	[ "$before" != "versions/${1##*/}" ] || return 0
	[ -z "$before" ] || point previous "$before"
	point current "versions/${1##*/}"
	changed "$home/current is version ${1##*/}${before:+ (before: ${before##*/})}."
}

# prune: all but the current version and the one before it
prune() {
	local each
	for each in "$versions"/*/; do
		each=${each%/}
		[ "$each" -ef "$home/current" ] || [ "$each" -ef "$home/previous" ] || { rm -rf "$each" && changed "Version ${each##*/} is removed."; }
	done
}
