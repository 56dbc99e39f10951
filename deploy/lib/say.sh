# shellcheck shell=bash disable=SC2034,SC2154 # names that its callers and siblings know
# What the scripts in deploy/ say, and how they end.

changes=0

# note_refusal CODE WHAT: for whoever has somebody else to tell, and a function of this name of its own
note_refusal() { :; }

# refuse CODE WHAT NEXT
refuse() {
	note_refusal "$@"
	printf 'Refused: %s\nWhat to do: %s\n' "$2" "$3" >&2
	exit "$1"
}

# warn WHAT NEXT
warn() { printf 'Warning: %s\nWhat to do: %s\n' "$1" "$2" >&2; }

# misused WHAT; the script has a function usage
misused() {
	printf '%s\n\n' "$1" >&2
	usage >&2
	exit 64
}

# changed WHAT: one line for each thing that is not as it was
changed() {
	changes=$((changes + 1))
	printf '%s\n' "$1"
}

# part FILE KEY: of a MANIFEST, which may be anybody's
part() { sed -n "s/^$2=//p" "$1" | head -n 1 | tr -cd '[:print:]'; }
