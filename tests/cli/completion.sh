#!/bin/bash
# What the shells offer after some words of a command line. Prints TAP.
# Usage: completion.sh UNECHO
set -uo pipefail

unecho=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
touch "sound.wav"
number=0

# in_bash WORD...: what bash would complete the last word to, which may be empty.
in_bash() {
    # shellcheck disable=SC2016 # the inner shell expands it
    bash -c 'source "$0"; compopt() { :; }; COMP_WORDS=(unecho "$@"); COMP_CWORD=$#; _unecho
        printf "%s\n" "${COMPREPLY[@]}"' unecho.bash "$@"
}

in_fish() {
    fish --no-config -c "source unecho.fish; complete -C \"unecho $*\"" | cut -f 1
}

# zsh completes in a terminal only: one of its own (zpty), in which Tab lists what there is.
in_zsh() {
    zsh -f -c '
        zmodload zsh/zpty
        zpty z zsh -f -i
        zpty -w z "PS1=; autoload -U compinit; compinit -u -D; setopt auto_list no_list_beep"
        zpty -w z "zstyle \":completion:*\" list-separator \"\"; source ./unecho.zsh; print ready"
        zpty -r -m z line "*ready*" 2>/dev/null
        zpty -w -n z "unecho $*"$'"'\\t\\t'"'
        sleep 2
        while zpty -r -t z line; do print -r -- "$line"; done
    ' zsh "$*" | tr -s ' \r\033[]' '\n'
}

# offers SHELL EXPECTED WORD...: EXPECTED is among what SHELL offers after the words.
offers() {
    local shell=$1 expected=$2 got
    shift 2
    ((++number))
    if ! command -v "$shell" >/dev/null; then
        echo "ok $number - $shell: $* # SKIP there is no $shell"
        return
    fi
    got=$("in_$shell" "$@")
    if grep -qx -e "$expected" <<<"$got"; then
        echo "ok $number - $shell: '$*' offers $expected"
    else
        echo "not ok $number - $shell: '$*' offers $expected"
        echo "# ${got//$'\n'/$'\n# '}"
    fi
}

for shell in bash fish zsh; do
    "$unecho" completion "$shell" >"unecho.$shell" || exit 1
    offers "$shell" process pro
    offers "$shell" doctor help d
    offers "$shell" --channels-out process --channels-o
    offers "$shell" linear+neural process --engine ""
    offers "$shell" s16le process --raw ""
    offers "$shell" --picture doctor --pic
done
# Values that are numbers are no files; the rest is left to the shell.
((++number))
if [[ -z $(in_bash process --rate "") && -z $(in_bash process -o s) ]]; then
    echo "ok $number - bash: nothing for numbers and files"
else
    echo "not ok $number - bash: nothing for numbers and files"
fi
echo "1..$number"
