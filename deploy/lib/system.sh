# shellcheck shell=bash disable=SC2034,SC2154 # names that its callers and siblings know
# What a version puts outside of its own folder: the user, the configuration, units, rules and the command.

readonly settings=/etc/muster
readonly data=/var/lib/muster
readonly command_file=/usr/local/bin/muster
readonly placed=$home/placed     # the files that an installer put into the system, a line each
readonly defaults=$home/defaults # the configuration as it was put there, for sha256sum --check
readonly groups=$home/groups     # groups that were not here before, a line each

is_running() { [ -d /run/systemd/system ]; }

# put FILE DESTINATION MODE
put() {
	printf '%s\n' "$2" >>"$work/placed"
	cmp -s "$1" "$2" && [ "$(stat -c '%a %U' "$2")" = "$3 root" ] && return
	install -D -m "$3" "$1" "$2"
	changed "$2"
}

# destination FILE: where in the system a file of deploy/ belongs; empty for one that stays
destination() {
	case $1 in
		muster) echo "$command_file" ;;
		systemd/system.conf.d/*.conf) echo "/etc/${1}" ;;
		systemd/*.d/*.conf) echo "/etc/systemd/system/${1#systemd/}" ;;
		systemd/*.service | systemd/*.timer | systemd/*.path | systemd/*.socket | systemd/*.target | systemd/*.mount | systemd/*.slice)
			echo "/etc/systemd/system/${1#systemd/}" ;;
		udev/*.rules | edgetpu/*.rules) echo "/etc/udev/rules.d/${1##*/}" ;;
		sysusers.d/*.conf | tmpfiles.d/*.conf) echo "/etc/$1" ;;
	esac
}

# place_files FOLDER: the version's; what an earlier version put there and this one has not is removed
place_files() {
	local file to mode
	: >"$work/placed"
	while read -r file; do
		to=$(destination "$file")
		mode=644
		[ "$to" != "$command_file" ] || mode=755
		[ -z "$to" ] || put "$1/deploy/$file" "$to" $mode
	done < <(cd "$1/deploy" && find . -type f -printf '%P\n' | sort)
	if [ -e "$placed" ]; then
		while read -r file; do
			grep -qxF "$file" "$work/placed" || { take_away "$file" && changed "$file is removed."; }
		done <"$placed"
	fi
}

# take_away FILE: and, where it is a unit, its service
take_away() {
	case $1 in
		/etc/systemd/system/*@.*) ;;
		/etc/systemd/system/*.d/*) ;;
		/etc/systemd/system/*)
			! is_running || systemctl stop "${1##*/}" || true
			systemctl --quiet disable "${1##*/}" 2>/dev/null || true ;;
	esac
	rm -f "$1"
	case $1 in /etc/*) drop_empty "$(dirname "$1")" ;; esac
}

# drop_empty FOLDER: unless a package of Debian has it
drop_empty() { [ ! -d "$1" ] || dpkg-query -S "$1" >/dev/null 2>&1 || rmdir --ignore-fail-on-non-empty "$1"; }

make_user() {
	local before file
	cut -d: -f1 /etc/group | sort >"$work/groups"
	before=$(cat /etc/passwd /etc/group)
	for file in /etc/sysusers.d/muster*.conf; do systemd-sysusers "$file" 2>"$work/sysusers.log" || cat "$work/sysusers.log" >&2; done
	[ "$before" = "$(cat /etc/passwd /etc/group)" ] || changed "The user muster: $(id muster)"
	cut -d: -f1 /etc/group | sort | comm -13 "$work/groups" - | grep -vx muster >>"$groups" || true
	getent passwd muster >/dev/null ||
		refuse 70 "this version brings no user muster (deploy/sysusers.d)." "Report it: the version is not whole."
	for file in /etc/tmpfiles.d/muster*.conf; do systemd-tmpfiles --create "$file"; done
	[ -d "$data" ] && [ "$(stat -c '%a %U:%G' "$data")" = "700 muster:muster" ] && return
	install -d -m 0700 -o muster -g muster "$data"
	changed "$data, for the user muster alone"
}

# configure FOLDER: the version's default configuration and release key, where there are none
configure() {
	local file
	for file in muster.toml release.pub; do
		if [ -e "$1/deploy/$file" ] && [ ! -e "$settings/$file" ]; then
			install -D -m 0644 "$1/deploy/$file" "$settings/$file"
			sha256sum "$settings/$file" >>"$defaults"
			changed "$settings/$file"
		fi
	done
}

# own_units: those that can be enabled, of what was placed
own_units() {
	local unit
	while read -r unit; do
		case $unit in
			/etc/systemd/system/*.d/*) ;;
			/etc/systemd/system/*@.*) ;;
			/etc/systemd/system/*) ! grep -qs '^\[Install\]' "$unit" || echo "${unit##*/}" ;;
		esac
	done <"$1"
}

# enable_units: those that are new. What somebody has disabled since stays so.
enable_units() {
	local unit
	while read -r unit; do
		! grep -qsxF "/etc/systemd/system/$unit" "$placed" || continue
		systemctl --quiet enable "$unit" 2>/dev/null ||
			warn "$unit cannot be enabled (systemctl enable $unit says why)." "Put that right, then this again."
		changed "$unit starts with the system."
	done < <(own_units "$work/placed")
	cmp -s "$work/placed" "$placed" || install -m 0644 "$work/placed" "$placed"
}

# tell_udev: devices that were there before the rules get their groups now, and the units that are started next find them so
tell_udev() {
	udevadm control --reload 2>/dev/null || warn "udev could not be told of the rules." "Start the unit again."
	udevadm trigger --action=change --subsystem-match=gpio --subsystem-match=dma_heap --subsystem-match=media 2>/dev/null || true
	udevadm trigger --action=add --subsystem-match=usb --attr-match=idVendor=1a6e 2>/dev/null || true
	udevadm trigger --action=add --subsystem-match=usb --attr-match=idVendor=18d1 2>/dev/null || true
	udevadm settle --timeout=10 2>/dev/null || true
}

# start: only where something changed, so that a second installation disturbs nobody at the door
start() {
	local unit
	[ "$changes" -gt 0 ] || return 0
	if ! is_running; then
		printf 'No systemd is at work here (an image, a container): nothing was started, and udev was not told. Both come with the next start.\n'
		return
	fi
	systemctl daemon-reload
	tell_udev
	while read -r unit; do
		! systemctl --quiet is-enabled "$unit" 2>/dev/null || systemctl --no-block restart "$unit" ||
			warn "$unit was not started." "journalctl -u $unit says why."
	done < <(own_units "$placed")
}
