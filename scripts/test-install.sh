#!/bin/bash
# Follows the README in bare Debian roots, word for word: its lines for installing as root and into a
# home, its example, ./run-demo as root and as a user with sudo, and the lines of docs/python.md,
# docs/web.md and docs/node.md. Needs the network and, for the roots, root or user namespaces; some
# minutes for each. The last line has the numbers of checks that passed and failed.
set -uo pipefail

if [[ ${1:-} == -* ]]; then
    echo "usage: scripts/test-install.sh [SUITE...]"
    echo "SUITE: a release of Debian (default: bookworm trixie)"
    echo "UNECHO_PARTS: of install, demo-as-root, demo-with-sudo and packages (default: all)"
    [[ $1 == -h || $1 == --help ]] && exit 0
    exit 2
fi
suites=("${@:-bookworm}")
(($#)) || suites=(bookworm trixie)

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
# shellcheck source=scripts/setup.sh
source scripts/setup.sh
need mmdebstrap "makes bare Debian roots" command -v mmdebstrap
need_for_build
install_missing

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The files as they are here, committed or not.
git ls-files -z --cached --others --exclude-standard |
    tar --create --null --files-from=- --ignore-failed-read --transform 's,^,unecho/,' \
        --file "$work/source.tar" || exit 1

# npm there trusts whom this machine trusts, a proxy of its network for example.
cat /etc/ssl/certs/ca-certificates.crt >"$work/certificates.crt" 2>/dev/null

# Runs inside a root, in the source tree.
cat >"$work/inside.sh" <<'END'
set -u
export NODE_EXTRA_CA_CERTS=/root/certificates.crt
cd /home/someone/unecho || exit 1

check() {
    local what=$1
    shift
    if "$@" >/tmp/log 2>&1 </dev/null; then
        echo "ok - $what"
    else
        echo "not ok - $what"
        sed 's/^/# /' /tmp/log
    fi
}

# lines_of FILE HEADING: the first indented block after a paragraph that contains HEADING.
lines_of() {
    awk -v heading="$2" 'index($0, heading) { seen = 1; next }
        seen && /^    / { sub(/^    /, ""); print; inside = 1; next }
        inside { exit }' "$1"
}

as_user() {
    runuser -u someone -- env -i HOME=/home/someone PATH=/usr/local/bin:/usr/bin:/bin bash -ec "$1"
}

follow() {
    lines_of "${2:-README.md}" "$1" >/tmp/lines
    [[ -s /tmp/lines ]] && cat /tmp/lines && bash -e /tmp/lines
}

follow_as_user() {
    lines_of README.md "$1" >/tmp/lines
    [[ -s /tmp/lines ]] && cat /tmp/lines && as_user "$(cat /tmp/lines)"
}

# The README's example, built as it says, on a second of silence.
# shellcheck disable=SC2016 # as_user expands it
example='awk "/^\`\`\`c\$/ {code = 1; next} /^\`\`\`\$/ {if (code) exit} code" README.md >/tmp/example.c
    cc -o /tmp/example /tmp/example.c $(pkg-config --cflags --libs unecho)
    test "$(head -c 64000 /dev/zero | /tmp/example | wc -c)" -gt 32000'

# A call in Node with the package of that name.
node_call() {
    cat >call.mjs <<EOF
import { createCanceller } from "$1";
const canceller = await createCanceller({ rate: 16000, farRate: 24000 });
const near = canceller.process(new Float32Array(320), new Float32Array(480));
if (near.length !== 320) throw new Error("a wrong length");
EOF
    node call.mjs
}

case $1 in
packages)
    # What the documents expect to be there.
    apt-get -q -y install --no-install-recommends python3-numpy python3-soundfile npm >/dev/null 2>&1
    check "the Python package" follow "Build it from a checkout" docs/python.md
    check "it cancels the sample's echo: the example of an agent" \
        venv/bin/python bindings/python/examples/barge_in.py samples
    check "it builds without the script" venv/bin/pip install --no-index --no-build-isolation \
        --force-reinstall --no-deps ./bindings/python
    check "and works" venv/bin/python -c 'import unecho; unecho.Canceller().process(bytes(320))'
    check "the npm package" follow "Build it from a checkout" docs/web.md
    check "a call in Node" node_call unecho
    check "the native npm package" follow "Build it from a checkout" docs/node.md
    check "a call in Node" node_call unecho-native
    ;;
install)
    check "installing as root" follow "as root:"
    check "the command line after it" as_user "unecho --version"
    check "the library after it" as_user "$example"
    ninja -C build uninstall >/dev/null
    rm -rf build /tmp/example*
    ldconfig
    chown -R someone: /home/someone
    check "installing into a home" follow_as_user "into your home"
    check "the command line after it" as_user "~/.local/bin/unecho process samples/meeting_mic.flac \
        samples/meeting_far.flac -o /tmp/clean.flac"
    check "the library after it" as_user "export PKG_CONFIG_PATH=~/.local/lib/pkgconfig
        export LD_LIBRARY_PATH=~/.local/lib; $example"
    ;;
demo-as-root)
    check "./run-demo as root" ./run-demo
    ;;
demo-with-sudo)
    apt-get -q -y install --no-install-recommends sudo >/dev/null 2>&1
    echo 'someone ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/someone
    check "./run-demo as a user with sudo" as_user ./run-demo
    ;;
esac
END

passed=0
failed=0
for suite in "${suites[@]}"; do
    for part in ${UNECHO_PARTS:-install demo-as-root demo-with-sudo packages}; do
        echo "$suite, $part"
        # shellcheck disable=SC2016 # mmdebstrap expands it
        mmdebstrap --quiet --variant=minbase \
            --customize-hook='chroot "$1" useradd --create-home --shell /bin/bash someone' \
            --customize-hook="tar-in $work/source.tar /home/someone" \
            --customize-hook="copy-in $work/inside.sh $work/certificates.crt /root" \
            --customize-hook='chroot "$1" chown -R someone: /home/someone' \
            --customize-hook="chroot \"\$1\" bash /root/inside.sh $part" \
            "$suite" /dev/null 2>&1 | tee "$work/log"
        # shellcheck disable=SC2126 # no match is no error
        ((passed += $(grep '^ok - ' "$work/log" | wc -l)))
        # shellcheck disable=SC2126
        ((failed += $(grep '^not ok - ' "$work/log" | wc -l)))
        grep -q '^\(not \)\?ok - ' "$work/log" || ((++failed))
    done
done
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
