# shellcheck shell=bash disable=SC2034 # names that the scripts know
# What the scripts in scripts/ share: where the unit is, how it is set at rest, how they explain themselves.

top=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd -P)
# shellcheck source=deploy/lib/say.sh
. "$top/deploy/lib/say.sh"

# An installed version works on the unit's own data as the unit's own user; a checkout on its own.
if [ -e "$top/MANIFEST" ]; then
	muster=${MUSTER_COMMAND:-/usr/local/bin/muster} data=${MUSTER_DATA:-/var/lib/muster} installed=yes
else
	muster=${MUSTER_COMMAND:-$top/.venv/bin/muster} data=${MUSTER_DATA:-var} installed=''
fi

# usage: the comment at the head of the script
usage() { sed -n '2,${/^#/!q;s/^# \{0,1\}//p}' "$0"; }

# explain "$@": for -h and --help, and nothing else is done then
explain() {
	case ${1:-} in
		-h | --help) usage && exit 0 ;;
	esac
}

# may_write PLACE "$@": goes on as root where this user may not write there
may_write() {
	[ ! -w "$1" ] || return 0
	[ "$(id -u)" != 0 ] || refuse 74 "$1 cannot be written, or is not there." "Install Muster first (docs/install.md), or see to its disk."
	command -v sudo >/dev/null || refuse 77 "this needs root." "The same as root."
	shift
	exec sudo -- "$0" "$@"
}

# say WHAT: also where nobody listens any more, as after a connection that broke
say() { printf '%s\n' "$1" 2>/dev/null || true; }

# alone SECONDS: no two of update, restore and wipe at the same data; until this process ends
alone() {
	exec 7<"$data"
	flock --wait "$1" 7 || refuse 75 "an update, a restore or a wipe of $data is under way." "Wait for it, then this again."
}

# folder_of_its_own PLACE...: in the first of them that can be written, for the unit's user; its name in `own`, gone at the end
folder_of_its_own() {
	local place
	for place; do
		own=$(mktemp -d "$place/muster.XXXXXX" 2>/dev/null) && give "$own" && return
	done
	refuse 74 "nothing can be written in $*." "See to its disk: df -h; mount."
}

# give FILE: to the unit's user, to whom its data belong, where root has made it
give() { [ "$(id -u)" != 0 ] || chown --reference="$data" "$1"; }

readonly timers=(muster-sync.timer muster-retention.timer)
stopped=()

# note_what_runs: of what uses the data, in `stopped`, unless that is known already
note_what_runs() {
	local each
	[ ${#stopped[@]} -eq 0 ] || return 0
	for each in muster.service muster-fault.service "${timers[@]}"; do
		case $(systemctl is-active "$each" 2>/dev/null) in
			active | activating) stopped+=("${each/-fault/}") ;;
		esac
	done
}

# at_rest: stops whatever uses the data; `go_on` starts again what was at work
at_rest() {
	command -v systemctl >/dev/null || return 0
	note_what_runs
	systemctl stop "${timers[@]}" muster-fault.service muster.service muster-sync.service muster-retention.service \
		'muster-stick@*.service' 2>/dev/null || true # a checkout has no services; whether a unit is at work, muster itself asks
}

go_on() {
	[ ${#stopped[@]} -eq 0 ] || systemctl --no-block start "${stopped[@]}" ||
		warn "the unit was not started again." "sudo systemctl start ${stopped[*]}; sudo systemctl status muster says why."
}
