#!/bin/sh
# localise.sh OUTPUT INPUT CC [ARG...]: makes the archive OUTPUT of one object, the whole archive INPUT,
# in which hidden symbols are local. CC and its arguments name the machine and the tools.
# localise.sh --try CC [ARG...]: succeeds where that works.
set -eu

tool() {
    name=$1
    shift
    "$@" "-print-prog-name=$name"
}

localise() {
    output=$1 input=$2
    shift 2
    "$@" -r -nostdlib -o "${output%.a}.o" -Wl,--whole-archive "$input" -Wl,--no-whole-archive
    "$(tool objcopy "$@")" --localize-hidden "${output%.a}.o"
    rm -f "$output"
    "$(tool ar "$@")" rcs "$output" "${output%.a}.o"
    rm -f "${output%.a}.o"
}

if [ "$1" != --try ]; then
    localise "$@"
    exit
fi
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/hidden.c" <<'END'
__attribute__((visibility("hidden"))) int hidden(void) { return 0; }
END
echo 'int hidden(void); int shown(void) { return hidden(); }' >"$folder/shown.c"
# Defines `hidden` a second time.
echo 'int shown(void); int hidden(void) { return 0; } int main(void) { return shown() + hidden(); }' \
    >"$folder/main.c"
for name in hidden shown; do
    "$@" -c -o "$folder/$name.o" "$folder/$name.c"
done
"$(tool ar "$@")" rcs "$folder/all.a" "$folder/hidden.o" "$folder/shown.o"
localise "$folder/out.a" "$folder/all.a" "$@"
"$@" -o "$folder/main" "$folder/main.c" "$folder/out.a"
