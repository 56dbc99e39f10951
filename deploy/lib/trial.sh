# shellcheck shell=bash disable=SC2034,SC2154 # names that scripts/update knows
# A new version is on trial until its unit is as well as the one before it was. Whatever cuts in, the file `trial` says how to end it.

readonly home=${MUSTER_HOME:-/opt/muster}
readonly progress=${MUSTER_UPDATE_STATE:-/var/lib/muster-update}
readonly wait_s=${MUSTER_UPDATE_WAIT_S:-120} steady_s=${MUSTER_UPDATE_STEADY_S:-10} pause_s=${MUSTER_UPDATE_PAUSE_S:-2}
readonly back_s=${MUSTER_UPDATE_BACK_S:-120} # for the version before, which is only waited for to say how it is
readonly start_s=${MUSTER_UPDATE_START_S:-60} # for a unit that is only starting, to say how it is before anything is done to it
readonly system_python=/usr/bin/python3
readonly copy=$data/muster.db.before-update

# tell WHAT SENTENCE: for the doctor and the journal, and for whoever waits; WHAT is installed, refused or returned
tell() {
	# On a full disk there is no room for it; the journal has it all the same.
	{ printf '%s\n' "$(date -u +%FT%TZ)" "$1" "$2" >"$progress/outcome.part" && chmod 644 "$progress/outcome.part" &&
		mv "$progress/outcome.part" "$progress/outcome"; } 2>/dev/null || true
	logger -t muster-update -p daemon.notice -- "$1: $2" 2>/dev/null || true
	say "$2"
	case $1 in
		refused) "$muster" panel "stick refused" >/dev/null 2>&1 7>&- 8>&- || true ;;
		returned) "$muster" panel "stick failed" >/dev/null 2>&1 7>&- 8>&- || true ;;
	esac
}

# now: seconds that no time server changes. Bash's own SECONDS go by the clock, which jumps soon after a Raspberry Pi has started.
now() {
	local up rest
	read -r up rest </proc/uptime
	printf '%s\n' "${up%.*}"
}

# how_it_is: at work, saying so itself, well, and as which process; nothing where that cannot be told
how_it_is() {
	"$muster" status --json 2>/dev/null 7>&- 8>&- | "$system_python" -I -c '
import json, sys
told = json.load(sys.stdin)
status = told["status"] or {}
print(told["is_at_work"], told["is_current"], told["is_well"], status.get("pid", 0))' 2>/dev/null || true
}

# note_how_it_was: sets was_at_work, was_well, was_active, was_stopped, `stopped`. One that is only starting is waited for:
# otherwise the new one would have nothing to be compared with.
note_how_it_was() {
	local at_work='' current='' well='' pid='' state end
	end=$(($(now) + start_s))
	while :; do
		state=$(systemctl is-active muster.service 2>/dev/null) || true
		read -r at_work current well pid < <(how_it_is) || true
		case $state in active | activating) ;; *) break ;; esac
		[ "${current:-False}" = False ] && [ "$(now)" -lt "$end" ] || break
		sleep "$pause_s"
	done
	was_at_work=${at_work:-False} was_well=${well:-False} was_active=False was_stopped=False
	[ "$state" != active ] || was_active=True
	[ "$state $was_at_work" != "inactive False" ] || systemctl --quiet is-active muster-fault.service || was_stopped=True # by hand, and not for a fault
	note_what_runs
}

readonly parts=(old new previous was_at_work was_well was_active was_stopped runs)

# begin_trial: from here on a power cut is made good at the next start, and the end of this process by the service that does that:
# it waits beside this one until the lock is free. Fails where it could not be written down.
begin_trial() {
	local runs=${stopped[*]} each
	previous=$(readlink "$home/previous" || true)
	ln -sfn "$old/scripts/update" "$progress/judge" && # the old version's: the new one is what is judged
		for each in "${parts[@]}"; do printf '%s=%s\n' "$each" "${!each}" || return; done >"$progress/trial.part" &&
		sync "$progress/trial.part" &&
		mv "$progress/trial.part" "$progress/trial" &&
		sync -f "$progress" || return
	systemctl --no-block start muster-update-check.service 2>/dev/null || true
}

read_trial() {
	local each runs
	for each in "${parts[@]}"; do
		printf -v "$each" %s "$(part "$progress/trial" "$each")"
	done
	read -r -a stopped <<<"$runs"
}

# place VERSION: that version's own installer makes it the current one; said in a file, because the connection may have gone
place() {
	# What has failed again and again is not started any more, and neither is the version that comes back.
	systemctl reset-failed muster.service muster-fault.service 2>/dev/null || true
	"$1/deploy/install" --no-prune --no-doctor >"$progress/log" 2>&1 7>&- 8>&- || {
		say "$(tail -n 5 "$progress/log")"
		return 1
	}
	# Where nothing had to be changed, the installer starts nothing; where something had, it starts what somebody had stopped.
	[ "$was_at_work" = False ] || systemctl --no-block start muster.service || true
	[ "$was_stopped" = False ] || systemctl stop muster.service 2>/dev/null || true
}

# make_current VERSION: by the link alone
make_current() {
	ln -sfn "versions/${1##*/}" "$home/.current.new" && mv -T "$home/.current.new" "$home/current" && sync -f "$home"
}

# drop VERSION: what a power cut leaves of it is not taken for a whole one
drop() {
	rm -f "$1/.whole"
	rm -rf "$1"
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
	local end since=''
	end=$(($(now) + $2))
	[ "$was_at_work" = True ] || { "$1/.venv/bin/muster" --version >/dev/null 2>&1 && return 0 || return 1; }
	while :; do
		if is_as_well_as_before "$1"; then
			since=${since:-$(now)}
			[ $(($(now) - since)) -lt "$steady_s" ] || return 0
		else
			since=''
		fi
		[ "$(now)" -lt "$end" ] || return 1
		sleep "$pause_s"
	done
}

schema_of() { find "$1"/.venv/lib/python3*/site-packages/edge/migrations -name '*.sql' 2>/dev/null | wc -l; }

# keep_data: where the new version would change the schema, or keeps it where nobody finds it: the old one could not read it any more
keep_data() {
	local before
	before=$(schema_of "$old")
	[ -e "$data/muster.db" ] && { [ "$before" = 0 ] || [ "$(schema_of "$new")" != "$before" ]; } || return 0
	at_rest
	"$system_python" -I "$top/deploy/lib/ledger_copy.py" keep "$data/muster.db" "$copy"
}

# copied WHAT: compare, or return; fails with 3 where that would lose a row, or bring somebody back who was erased meanwhile
copied() {
	local code=0 n
	for n in 1 2 3; do
		[ -e "$copy" ] || return 0
		code=0
		"$system_python" -I "$top/deploy/lib/ledger_copy.py" "$1" "$data/muster.db" "$copy" || code=$?
		case $code in 0 | 3) return "$code" ;; esac
		sleep "$pause_s" # somebody may be reading
	done
	return "$code"
}

# end_trial [KEPT]: the copy goes last, for as long as the trial is there it may be needed; or it becomes the file KEPT
end_trial() {
	rm -f "$progress/trial"
	sync -f "$progress"
	[ -z "${1:-}" ] || mv -f "$copy" "$1" || true
	rm -f "$copy" "$copy.part"
	[ ! -d "$data" ] || sync -f "$data"
}

keep_new() {
	local each
	go_on
	for each in "$home"/versions/*/; do
		[ "$each" -ef "$new" ] || [ "$each" -ef "$old" ] || drop "${each%/}"
	done
	tell installed "Updated: ${new##*/} is at work. ${old##*/} is kept."
	end_trial
}

# go_back: nobody writes while it is asked whether that loses anything; and the link turns before the data do, so that after a power
# cut in between the new version does not change them again
go_back() {
	local words="Not updated: ${new##*/} $why ${old##*/} is back." code=0
	at_rest
	copied compare && make_current "$old" && copied return || code=$?
	if [ "$code" -ne 0 ]; then
		stay "$code"
		return 70
	fi
	place "$old" || words="$words Its installer failed: $progress/log."
	go_on
	settles "$old" "$back_s" || words="$words It is not well either: muster doctor; logs."
	[ "$new" -ef "$old" ] || drop "$new"
	forget_new
	tell returned "$words"
	end_trial
	return 70
}

# stay CODE: with a version that is not well, because the old one could not read what is in the ledger by now
stay() {
	local words="rows, people, or that somebody was erased. Next: muster doctor; logs; a newer bundle." kept=''
	if [ "$1" != 3 ]; then
		kept=$copy.kept
		words="nobody can tell what. The database as it was before is $kept: delete it when it is not needed. Next: muster doctor; logs."
	fi
	make_current "$new" || true
	place "$new" || true
	go_on
	tell returned "Updated, and ${new##*/} is not well. ${old##*/} cannot come back without losing what was written since: $words"
	end_trial "$kept"
}

# forget_new: the version before the old one is the last one again
forget_new() {
	if [ -n "$previous" ] && [ -d "$home/$previous" ]; then
		ln -sfn "$previous" "$home/.previous.new"
		mv -T "$home/.previous.new" "$home/previous"
	else
		rm -f "$home/previous"
	fi
}

# finish: ends the trial that the file tells of, the one way or the other. Whoever waits for it may go away.
finish() {
	trap '' HUP INT PIPE
	read_trial
	if [ "$(readlink -f "$home/current")" != "$new" ]; then
		why=${why:-was cut off before it was in its place.}
	elif place "$new" && settles "$new" "$wait_s"; then
		keep_new
		return
	fi
	why=${why:-was not as well as the version before within $wait_s s.}
	go_back
}
