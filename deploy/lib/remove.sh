# shellcheck shell=bash disable=SC2034,SC2154 # names that its callers and siblings know
# Taking Muster off a unit again.

uninstall() {
	local file sum
	if [ -e "$placed" ]; then
		while read -r file; do
			[ ! -e "$file" ] || { take_away "$file" && changed "$file is removed."; }
		done < <(tac "$placed")
	fi
	if [ -e "$defaults" ]; then
		while read -r sum file; do
			! sha256sum --check --status 2>/dev/null <<<"$sum  $file" || { rm -f "$file" && changed "$file is removed; nobody had changed it."; }
		done <"$defaults"
	fi
	[ ! -e "$groups" ] || drop_groups
	[ ! -e "$home" ] || { rm -rf "$home" && changed "$home is removed."; }
	for file in "$settings" /etc/systemd/system/*.wants; do drop_empty "$file"; done
	if is_running; then
		systemctl daemon-reload
		udevadm control --reload 2>/dev/null || true
	fi
	[ -n "$purge" ] || say_what_stays
}

# drop_groups: those that Muster brought, where nobody else has come into them
drop_groups() {
	local group
	while read -r group; do
		gpasswd --delete muster "$group" >/dev/null 2>&1 || true
		[ -n "$(getent group "$group" | cut -d: -f4)" ] || ! groupdel "$group" 2>/dev/null || changed "The group $group is removed."
	done <"$groups"
}

say_what_stays() {
	local each stays=()
	for each in "$settings" "$data"; do [ ! -e "$each" ] || stays+=("$each"); done
	[ ${#stays[@]} -eq 0 ] || printf 'What stays: %s and the user muster. --purge removes them too.\n' "${stays[*]}"
}

# may_purge: a person at a terminal is asked, because nothing brings it back
may_purge() {
	local answer
	[ -e "$data" ] && [ -t 0 ] || return 0
	printf 'This erases every person, every row and the configuration of this unit (%s). Type purge to go on: ' "$data" >&2
	read -r answer
	[ "$answer" = purge ] || refuse 64 "that was not the word purge." "--uninstall alone leaves the data."
}

purge_rest() {
	local each
	for each in /etc/systemd/system/muster*.d "$settings" /var/lib/systemd/timers/stamp-muster*; do
		[ ! -e "$each" ] || { rm -rf "$each" && changed "$each is removed."; }
	done
	if [ -e "$data" ]; then
		find "$data" -mindepth 1 -delete
		rmdir "$data" 2>/dev/null ||
			warn "$data is empty now and stays: a file system is mounted there." "Unmount it, and take it out of /etc/fstab."
		changed "$data is removed, with everybody and every row in it."
	fi
	if getent passwd muster >/dev/null; then
		userdel muster 2>/dev/null || warn "the user muster still has processes." "Start the system again, then: sudo userdel muster"
		changed "The user muster is removed."
	fi
}
