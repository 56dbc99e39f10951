# shellcheck shell=bash disable=SC2034,SC2154 # names that its callers and siblings know
# A bundle is judged before anything on the unit changes, and taken apart.

readonly signer=muster-release purpose=muster-bundle

# judge_signature FILE SIGNATURE TRUST: TRUST is a file of allowed signers (ssh-keygen(1)); without it nothing is asked
judge_signature() {
	[ -e "$3" ] || [ -L "$3" ] || return 0 # a link to nothing is no leave to take anything
	command -v ssh-keygen >/dev/null || refuse 69 "there is no ssh-keygen to check the signature with." \
		"With a network: sudo apt-get install openssh-client, then this again."
	[ -e "$2" ] || refuse 65 "the bundle has no signature beside it (${2##*/}), and this unit takes signed ones alone ($3 is there)." \
		"Copy the .sig file too; it was made with the bundle."
	ssh-keygen -Y verify -f "$3" -I "$signer" -n "$purpose" -s "$2" <"$1" >/dev/null 2>&1 ||
		refuse 65 "the signature is not one that $3 allows, or the bundle is not what was signed." \
			"Copy both files again. If it is the same, do not install it: ask whoever gave it to you which key signed it."
}

# first FILE NAME: a file of the bundle, of those that come before all others
first() { tar --extract --to-stdout --occurrence=1 --gzip --file "$1" "muster/$2" 2>/dev/null || true; }

# judge_bundle FILE TRUST: sets `manifest`, the text of its MANIFEST
judge_bundle() {
	[ -f "$1" ] || refuse 65 "there is no file $1." "Name the bundle, a file muster-...tar.gz."
	[ -r "$1" ] || refuse 65 "$1 may not be read by this user." "The same command with sudo before it."
	judge_signature "$1" "$1.sig" "$2"
	gzip -t "$1" 2>/dev/null || refuse 65 "$1 is no bundle, or not all of it is there." "Copy it again, and compare its size."
	manifest=$(first "$1" MANIFEST)
	[ "$(part /dev/stdin muster-bundle <<<"$manifest")" = 1 ] ||
		refuse 65 "$1 is not a bundle that this installer knows." \
			"Make one with \`make bundle\`, or take the installer out of it: docs/install.md."
	[[ "$(part /dev/stdin needs_mib <<<"$manifest")" =~ ^[0-9]{1,7}$ && \
		"$(part /dev/stdin version <<<"$manifest")" =~ ^[0-9]+[0-9A-Za-z.+]*$ ]] || refuse 65 "the MANIFEST of $1 is damaged." "Make it again."
}

# judge_fit ARCHITECTURE PYTHON RUNTIME NEEDS_MIB: whether such a version can be on this unit
judge_fit() {
	local ours python wrong=() all
	ours=$(dpkg --print-architecture)
	python=$("$system_python" -c 'import sys; print(*sys.version_info[:2], sep=".")')
	[ "$1" = "$ours" ] || wrong+=("the bundle is for $1, and this system is $ours (dpkg --print-architecture)")
	[ "$2" = "$python" ] || wrong+=("the bundle is for Python $2, and this system has $python")
	[ -z "$wanted_runtime" ] || [ "$3" = "$wanted_runtime" ] ||
		wrong+=("the bundle has $3 in it, and --runtime asks for $wanted_runtime")
	[ ${#wrong[@]} -eq 0 ] || { # all at once: whoever makes another one makes it once
		printf -v all '; %s' "${wrong[@]}"
		refuse 65 "${all:2}." "Make one for this system: make bundle ARCH=$ours PYTHON_VERSION=$python \
RUNTIME=${wanted_runtime:-$(runtime_for "$ours" "$python")}"
	}
	is_whole "$versions/$(name_in "$bundle")" || judge_room "$4"
}

# name_in FILE: what version_name says of the bundle once it is unpacked
name_in() { printf '%s-%s\n' "$(part /dev/stdin version <<<"$manifest")" "$(first "$1" SHA256SUMS | sha256sum | cut -c1-8)"; }

# judge_room MIB: on the file system that /opt/muster is or will be on
judge_room() {
	local place=$versions free
	while [ ! -d "$place" ]; do place=$(dirname "$place"); done
	free=$(($(df --output=avail --block-size=1M "$place" | tail -n 1)))
	[ "$free" -ge "$1" ] || refuse 74 "too little room: $place has $free MiB free, and this version needs $1 while it is installed." \
		"Make room (df -h $place; sudo apt-get clean), let the file system fill its card \
(sudo raspi-config --expand-rootfs), or take a larger card."
}

# unpack_bundle FILE TRUST FOLDER: leaves FOLDER/muster. What is judged is the copy: a stick may give other bytes when it is read again.
unpack_bundle() {
	cp "$1" "$3/bundle"
	[ ! -e "$1.sig" ] || cp "$1.sig" "$3/bundle.sig"
	judge_signature "$3/bundle" "$3/bundle.sig" "$2"
	tar --extract --gzip --no-same-owner --no-same-permissions --directory "$3" --file "$3/bundle" muster ||
		refuse 65 "$1 cannot be unpacked; tar's own words are above." "Copy it again."
	rm -f "$3/bundle"
	[ "$(cat "$3/muster/MANIFEST")" = "$manifest" ] ||
		refuse 65 "$1 is not the same when it is read again." "Copy it to the card, and take it from there."
	(cd "$3/muster" && sha256sum --check --strict --quiet SHA256SUMS >&2) ||
		refuse 65 "what is in $1 is not what its SHA256SUMS says." "Copy it again, or make it again."
}
