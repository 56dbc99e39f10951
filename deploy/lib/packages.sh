# shellcheck shell=bash disable=SC2034,SC2154 # names that its callers and siblings know
# What Muster needs of Debian: looked for always, fetched only where the network may be used.

is_pi() { grep -qs 'Raspberry Pi' /proc/device-tree/model; }

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# needed_packages: without them there is no installation. python3-venv brings pip, which a bundle has itself.
needed_packages() {
	local each wanted=(python3 systemd udev)
	[ "$source" != checkout ] || wanted+=(python3-venv ca-certificates)
	[ "$source" != bundle ] || [ ! -e "$trust" ] || wanted+=(openssh-client)
	for each in "${wanted[@]}"; do is_installed "$each" || echo "$each"; done
}

# useful_packages: the Pi's camera and pins, an Edge TPU's USB, delivery over SSH
useful_packages() {
	local each wanted=(openssh-client)
	! is_pi || wanted+=(python3-picamera2 libusb-1.0-0)
	[ "$(dpkg --print-architecture)" != arm64 ] || [ "$("$system_python" -c 'import sys; print(sys.version_info >= (3, 13))')" != True ] ||
		wanted+=(python3-lgpio) # there is no wheel of it
	for each in "${wanted[@]}"; do is_installed "$each" || echo "$each"; done
}

judge_system() {
	command -v dpkg >/dev/null || refuse 69 "there is no dpkg here." "Use Raspberry Pi OS or another Debian, 12 or newer."
	case $(dpkg --print-architecture) in
		arm64 | amd64) ;;
		*) refuse 69 "this system is $(dpkg --print-architecture), and there is no TFLite runtime for it." \
			"On a Raspberry Pi set the card up with the 64-bit system; dpkg --print-architecture must then say arm64." ;;
	esac
	! grep -qsE '(^| )(boot=overlay|overlayroot=tmpfs)' /proc/cmdline || refuse 69 \
		"this system forgets at each start what was written to it (an overlay)." \
		"sudo raspi-config nonint disable_overlayfs, start it again, this again, and enable_overlayfs."
}

# judge_writable FOLDER: for root; where it is not there, the one that it will be made in
judge_writable() {
	local place=$1
	while [ ! -d "$place" ]; do place=$(dirname "$place"); done
	[ -w "$place" ] || refuse 69 "$place is read-only." "sudo mount -o remount,rw $(df --output=target "$place" | tail -n 1), then this again."
}

# judge_account: a person's account of that name would be the unit's, and gone with --purge
judge_account() {
	local uid
	uid=$(id -u muster 2>/dev/null) || return 0
	[ "$uid" -lt 1000 ] || refuse 69 "muster is somebody's account here (user $uid), and the unit's own user must have that name." \
		"Set the card up with another name for yours, or by another account: sudo usermod --login NAME muster; sudo groupmod --new-name NAME muster"
}

# judge_python: only where it is there; where it is not, judge_packages says so
judge_python() {
	[ -x "$system_python" ] || return 0
	"$system_python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
		refuse 69 "Muster needs Python 3.11 or newer, and this is $("$system_python" --version)." "Debian 12 (bookworm) or newer has it."
	"$system_python" -c 'import ssl, sqlite3, venv, zoneinfo' 2>/dev/null ||
		refuse 69 "the system's Python lacks a part of its own library." "sudo apt-get install --reinstall python3 libpython3-stdlib"
}

# judge_packages: all that is needed must be there; only from a checkout can apt fetch it
judge_packages() {
	local missing
	missing=$(needed_packages | tr '\n' ' ')
	[ -z "$missing" ] || [ "$source" = checkout ] || refuse 69 "not installed: $missing(a bundle brings no packages of Debian)." \
		"With a network: sudo apt-get install ${missing% }, then this again."
}

# fetch_packages: by apt from a checkout; it need not know what is only useful, and without it that is only warned of
fetch_packages() {
	local needed=() useful=()
	mapfile -t needed < <(needed_packages)
	if [ "$source" = checkout ] && [ ${#needed[@]} -gt 0 ]; then
		apt_installs "${needed[@]}" || refuse 69 "apt did not install ${needed[*]}; its last words are above." \
			"Without a network take a bundle: deploy/install --bundle FILE."
		changed "Installed from Debian: ${needed[*]}"
	fi
	mapfile -t useful < <(useful_packages)
	[ ${#useful[@]} -gt 0 ] || return 0
	if [ "$source" = checkout ] && apt_installs "${useful[@]}"; then
		changed "Installed from Debian: ${useful[*]}"
	else # a Debian on a Raspberry Pi does not know its camera's package
		warn "not installed, and not needed to begin with: ${useful[*]}." "With a network: sudo apt-get install ${useful[*]}, then this again."
	fi
}

# apt_installs PACKAGE...: waits for the one who has apt, as the daily upgrade after a start. Lists that are not new are better than none.
apt_installs() {
	{
		apt-get update || true
		DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends "$@"
	} >"$work/apt.log" 2>&1 9>&- && return
	tail -n 5 "$work/apt.log" >&2
	return 1
}
