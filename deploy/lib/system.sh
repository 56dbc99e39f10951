# shellcheck shell=bash disable=SC2034,SC2154 # names that its callers and siblings know
# What a version puts outside of its own folder: the user, the configuration, units, rules and the command.

readonly settings=/etc/muster
readonly data=/var/lib/muster
readonly command_file=/usr/local/bin/muster
readonly placed=$home/placed     # the files that an installer put into the system, a line each
readonly placing=$home/placing   # the same and those of the version before, while one takes the place of the other
readonly defaults=$home/defaults # the configuration as it was put there, for sha256sum --check
readonly groups=$home/groups     # groups that were not here before, a line each

is_running() { [ -d /run/systemd/system ]; }

# put FILE DESTINATION MODE
put() {
	cmp -s "$1" "$2" && [ "$(stat -c '%a %U' "$2")" = "$3 root" ] && return
	write_whole "$@"
	changed "$2"
}

# write_whole FILE DESTINATION MODE: after a power cut it is the old one or the new one, and not empty
write_whole() {
	install -D -m "$3" "$1" "$2.part"
	sync "$2.part"
	mv -T "$2.part" "$2"
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
	placements "$1" >"$work/placements"
	cut -d' ' -f2 "$work/placements" >"$work/placed"
	ever_placed >"$work/before"
	sort -u "$work/placed" "$work/before" >"$work/placing"
	write_whole "$work/placing" "$placing" 644 # so that what is cut off here can be taken away
	while read -r file to; do
		mode=644
		[ "$to" != "$command_file" ] || mode=755
		put "$1/deploy/$file" "$to" $mode
	done <"$work/placements"
	while read -r file; do
		grep -qxF "$file" "$work/placed" || ! is_there "$file" || { take_away "$file" && changed "$file is removed."; }
	done <"$work/before"
}

# placements FOLDER: the files of a version that belong into the system, and where to
placements() {
	local file to
	while read -r file; do
		to=$(destination "$file")
		[ -z "$to" ] || printf '%s %s\n' "$file" "$to"
	done < <(cd "$1/deploy" && find . -type f -printf '%P\n' | sort)
}

# ever_placed: what this installer has put into the system, or has begun to
ever_placed() {
	local each
	for each in "$placed" "$placing"; do [ ! -e "$each" ] || cat "$each"; done | sort -u
}

is_there() { [ -e "$1" ] || [ -e "$1.part" ]; }

# take_away FILE: and, where it is a unit, its service
take_away() {
	local unit=${1##*/}
	case $1 in
		/etc/systemd/system/*@.*) ! is_running || systemctl stop "${unit/@/@*}" || true ;;
		/etc/systemd/system/*.d/*) ;;
		/etc/systemd/system/*)
			! is_running || systemctl stop "$unit" || true
			systemctl --quiet disable "$unit" 2>/dev/null || true ;;
	esac
	rm -f "$1" "$1.part"
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
	# Of another card, as where the data have a partition of their own: there the user had another number. systemd looks at the folder alone.
	[ ! -d "$data" ] || [ "$(stat -c %U:%G "$data")" = muster:muster ] || chown --recursive --no-dereference muster:muster "$data"
	install -d -m 0700 -o muster -g muster "$data"
	changed "$data, for the user muster alone"
}

# configure FOLDER: the version's default configuration and release key, where there are none
configure() {
	local file
	for file in muster.toml release.pub; do
		if [ -e "$1/deploy/$file" ] && [ ! -e "$settings/$file" ]; then
			sha256sum "$1/deploy/$file" | sed "s|  .*|  $settings/$file|" >>"$defaults"
			write_whole "$1/deploy/$file" "$settings/$file" 644
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
	cmp -s "$work/placed" "$placed" || write_whole "$work/placed" "$placed" 644
	rm -f "$placing"
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
	systemctl reset-failed 'muster*' 2>/dev/null || true # what failed again and again is no longer what is started
	while read -r unit; do
		! systemctl --quiet is-enabled "$unit" 2>/dev/null || systemctl --no-block restart "$unit" ||
			warn "$unit was not started." "journalctl -u $unit says why."
	done < <(own_units "$placed")
}
