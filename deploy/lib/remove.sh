# shellcheck shell=bash disable=SC2034,SC2154 # names that its callers and siblings know
# Taking Muster off a unit again.

uninstall() {
	local file sum
	while read -r file; do
		! is_there "$file" || { take_away "$file" && changed "$file is removed."; }
	done < <(ever_placed | tac)
	if [ -e "$defaults" ]; then
		while read -r sum file; do
			! sha256sum --check --status 2>/dev/null <<<"$sum  $file" || { rm -f "$file" && changed "$file is removed; nobody had changed it."; }
		done <"$defaults"
	fi
	[ ! -e "$groups" ] || drop_groups
	remove "${outcome%/*}" /var/lib/systemd/timers/stamp-muster*
	rmdir /run/muster-stick/* /run/muster-stick 2>/dev/null || true # never what is mounted there
	[ ! -e "$home" ] || { rm -rf "$home" && changed "$home is removed."; }
	for file in "$settings" /etc/systemd/system/*.wants; do drop_empty "$file"; done
	if is_running; then
		systemctl daemon-reload
		udevadm control --reload 2>/dev/null || true
	fi
	[ -n "$purge" ] || say_what_stays
}

# remove FILE...: those that are there
remove() {
	local each
	for each; do
		[ ! -e "$each" ] || { rm -rf "$each" && changed "$each is removed."; }
	done
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
	# What a backup or a restore leaves behind that was cut off, and the key that sealed what goes now.
	remove /etc/systemd/system/muster*.d "$settings" "${data%/*}"/.restore.?????? /var/tmp/{restore,muster}.?????? \
		/etc/credstore{,.encrypted}/muster-key
	[ ! -e "$data" ] || purge_data
	getent passwd muster >/dev/null || return 0
	if userdel muster 2>/dev/null; then
		changed "The user muster is removed."
	else
		warn "the user muster still has processes." "Start the system again, then: sudo userdel muster"
	fi
}

# purge_data: not what is mounted below, a share for one
purge_data() {
	local left
	find "$data" -xdev -depth -mindepth 1 -delete 2>/dev/null || true
	left=$(find "$data" -xdev -mindepth 1 ! -type d | head -n 3)
	[ -z "$left" ] || refuse 74 "not everything could be erased: ${left//$'\n'/, }" "See to its disk (mount, dmesg), then this again."
	changed "Everybody and every row is removed."
	rmdir "$data" 2>/dev/null || warn "$data stays, because something is mounted there: $(mounted_in "$data")" \
		"Unmount it, take it out of /etc/fstab, then: sudo rmdir $data"
}

mounted_in() { awk -v at="$1" '$5 == at || index($5, at "/") == 1 { printf "%s ", $5 }' /proc/self/mountinfo; }
