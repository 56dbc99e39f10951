# shellcheck shell=bash disable=SC2034,SC2154 # names that its callers and siblings know
# A bundle that is refused at a unit is told to its journal, its doctor and its panel, too, as scripts/update does by itself.

readonly outcome=${MUSTER_UPDATE_STATE:-/var/lib/muster-update}/outcome

# note_refusal CODE WHAT: only what says something of the bundle, and of a unit
note_refusal() {
	case $1 in 65 | 69 | 74) ;; *) return 0 ;; esac
	[ "${what:-} ${source:-}" = "install bundle" ] && [ -x "$command_file" ] && [ "$(id -u)" = 0 ] || return 0
	note refused "$2"
	logger -t muster-update -p daemon.notice -- "refused: $2" 2>/dev/null || true
	"$command_file" panel "stick refused" >/dev/null 2>&1 || true
}

# forget_refusal VERSION: one that came later was good
forget_refusal() {
	[ "$(sed -n 2p "$outcome" 2>/dev/null)" != refused ] || note installed "Installed by hand: ${1##*/} is at work."
}

# note WHAT SENTENCE: for the doctor
note() {
	mkdir -p "${outcome%/*}" &&
		printf '%s\n' "$(date -u +%FT%TZ)" "$1" "$2" >"$outcome.part" &&
		chmod 644 "$outcome.part" &&
		mv "$outcome.part" "$outcome" || true
}
