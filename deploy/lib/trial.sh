# shellcheck shell=bash disable=SC2034,SC2154 # names that scripts/update knows
# A new version is on trial until its unit is as well as the one before it was. Whatever cuts in, the file `trial` says how to end it.

readonly home=${MUSTER_HOME:-/opt/muster}
readonly progress=${MUSTER_UPDATE_STATE:-/var/lib/muster-update}
readonly wait_s=${MUSTER_UPDATE_WAIT_S:-120} steady_s=${MUSTER_UPDATE_STEADY_S:-10} pause_s=${MUSTER_UPDATE_PAUSE_S:-2}
readonly back_s=${MUSTER_UPDATE_BACK_S:-120} # for the version before, which is only waited for to say how it is
readonly system_python=/usr/bin/python3
readonly copy=$data/muster.db.before-update

# tell WHAT SENTENCE: for the doctor and the journal, and for whoever waits; WHAT is installed, refused or returned
tell() {
	printf '%s\n' "$(date -u +%FT%TZ)" "$1" "$2" >"$progress/outcome.part"
	chmod 644 "$progress/outcome.part"
	mv "$progress/outcome.part" "$progress/outcome"
	logger -t muster-update -p daemon.notice -- "$1: $2" 2>/dev/null || true
	say "$2"
	case $1 in
		refused) "$muster" panel "stick refused" >/dev/null 2>&1 8>&- || true ;;
		returned) "$muster" panel "stick failed" >/dev/null 2>&1 8>&- || true ;;
	esac
}

# say WHAT: also where nobody listens any more, as after a connection that broke
say() { printf '%s\n' "$1" 2>/dev/null || true; }

# how_it_is: at work, saying so itself, well, and as which process; nothing where that cannot be told
how_it_is() {
	"$muster" status --json 2>/dev/null 8>&- | "$system_python" -I -c '
import json, sys
told = json.load(sys.stdin)
status = told["status"] or {}
print(told["is_at_work"], told["is_current"], told["is_well"], status.get("pid", 0))' 2>/dev/null || true
}

# note_how_it_was: sets was_at_work, was_well, was_active
note_how_it_was() {
	local at_work='' current='' well='' pid=''
	read -r at_work current well pid < <(how_it_is) || true
	was_at_work=${at_work:-False} was_well=${well:-False} was_active=False
	! systemctl --quiet is-active muster.service || was_active=True
}

# begin_trial: from here on a power cut is made good at the next start
begin_trial() {
	ln -sfn "$old/scripts/update" "$progress/judge" # the old version's: the new one is what is judged
	printf '%s=%s\n' old "$old" new "$new" previous "$(readlink "$home/previous" || true)" was_at_work "$was_at_work" \
		was_well "$was_well" was_active "$was_active" >"$progress/trial.part"
	sync "$progress/trial.part"
	mv "$progress/trial.part" "$progress/trial"
	sync -f "$progress"
}

read_trial() {
	local each
	for each in old new previous was_at_work was_well was_active; do
		printf -v "$each" %s "$(part "$progress/trial" "$each")"
	done
}

# place VERSION: that version's own installer makes it the current one; said in a file, because the connection may have gone
place() {
	# What has failed again and again is not started any more, and neither is the version that comes back.
	systemctl reset-failed muster.service muster-fault.service 2>/dev/null || true
	"$1/deploy/install" --no-prune --no-doctor >"$progress/log" 2>&1 8>&- || {
		say "$(tail -n 5 "$progress/log")"
		return 1
	}
	# Where nothing had to be changed, the installer starts nothing.
	[ "$was_at_work" = False ] || systemctl --no-block start muster.service || true
}

is_as_well_as_before() { # VERSION
	local at_work current well pid
	read -r at_work current well pid < <(how_it_is) || return 1
	[ "$at_work $current" = "True True" ] || return 1
	[ "$well" = True ] || [ "$was_well" = False ] || return 1
	tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "$1/" || return 1 # and not what still runs of the other version
	[ "$was_active" = False ] || systemctl --quiet is-active muster.service
}

# settles VERSION SECONDS: whether its unit is well within the time, and stays so for a moment
settles() {
	local end=$((SECONDS + $2)) since=''
	[ "$was_at_work" = True ] || { "$1/.venv/bin/muster" --version >/dev/null 2>&1 && return 0 || return 1; }
	while :; do
		if is_as_well_as_before "$1"; then
			since=${since:-$SECONDS}
			[ $((SECONDS - since)) -lt "$steady_s" ] || return 0
		else
			since=''
		fi
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep "$pause_s"
	done
}

schema_of() { find "$1"/.venv/lib/python3*/site-packages/edge/migrations -name '*.sql' 2>/dev/null | wc -l; }

# keep_data: where the new version would change the schema, which the old one could not read any more
keep_data() {
	[ -e "$data/muster.db" ] && [ "$(schema_of "$new")" -gt "$(schema_of "$old")" ] || return 0
	at_rest
	"$system_python" -I "$top/deploy/lib/ledger_copy.py" keep "$data/muster.db" "$copy"
}

# return_data: fails where that would lose a row, or bring somebody back who was erased meanwhile
return_data() {
	[ -e "$copy" ] || return 0
	at_rest
	"$system_python" -I "$top/deploy/lib/ledger_copy.py" return "$data/muster.db" "$copy"
}

end_trial() {
	rm -f "$progress/trial" "$copy"
	sync -f "$progress"
}

keep_new() {
	local each
	go_on
	end_trial
	for each in "$home"/versions/*/; do
		[ "$each" -ef "$new" ] || [ "$each" -ef "$old" ] || rm -rf "$each"
	done
	tell installed "Updated: ${new##*/} is at work. ${old##*/} is kept."
}

go_back() {
	local words="Not updated: ${new##*/} was not as well as the version before within $wait_s s. ${old##*/} is back."
	if ! return_data; then
		stay
		return 70
	fi
	place "$old" || say "Its installer failed; see $progress/log."
	go_on
	settles "$old" "$back_s" || words="$words It is not well either: muster doctor; logs."
	end_trial
	[ "$(readlink -f "$home/current")" = "$new" ] || rm -rf "$new"
	forget_new
	tell returned "$words"
	return 70
}

# stay: with a version that is not well, because the old one could not read what is in the ledger by now
stay() {
	go_on
	end_trial
	tell returned "Updated, and ${new##*/} is not well. ${old##*/} cannot come back without losing what was written since: rows, or \
that somebody was erased. Next: muster doctor; logs; a newer bundle."
}

# forget_new: the version before the old one is the last one again
forget_new() {
	if [ -n "$previous" ] && [ -d "$home/$previous" ]; then
		ln -sfn "$previous" "$home/.previous.new"
		mv -T "$home/.previous.new" "$home/previous"
	elif [ "$(readlink "$home/previous")" = "versions/${new##*/}" ]; then
		rm -f "$home/previous"
	fi
}

# finish: ends the trial that the file tells of, the one way or the other
finish() {
	read_trial
	if [ "$(readlink -f "$home/current")" = "$new" ] && place "$new" && settles "$new" "$wait_s"; then
		keep_new
	else
		go_back
	fi
}
