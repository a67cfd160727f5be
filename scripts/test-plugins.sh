#!/bin/bash
# Runs the plugins in the programs they are made for: installs ffmpeg, SoX, GStreamer and PipeWire where
# they are missing, builds in build-plugins/, and cancels the echo of the bundled sample in each. PipeWire
# runs by itself, without sound hardware, in a session of its own. The last line has the numbers of
# test cases that passed and failed; the exit status is 0 if none failed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
# shellcheck source=scripts/setup.sh
source scripts/setup.sh

need_for_build
need ladspa-sdk "header of the LADSPA plugin" test -f /usr/include/ladspa.h
need libgstreamer-plugins-base1.0-dev "headers of the GStreamer plugin" \
    have_library gstreamer-audio-1.0
need gstreamer1.0-tools "runs GStreamer pipelines" command -v gst-launch-1.0
need gstreamer1.0-plugins-base "elements of those pipelines"
need gstreamer1.0-plugins-good "reads and writes WAVE files in them"
need ffmpeg "a host of LADSPA plugins" command -v ffmpeg
need sox "a host of LADSPA plugins, and cuts recordings" command -v sox
need pipewire "a host of LADSPA plugins: filter-chain" command -v pipewire
need pipewire-bin "its command line" command -v pw-link
need wireplumber "its session manager" command -v wireplumber
need dbus "gives PipeWire a session" command -v dbus-run-session
install_missing

build="build-plugins"
setup=(-Dwerror=true -Dtools=enabled -Dtests=disabled -Dladspa=enabled -Dgstreamer=enabled)
[[ -f $build/build.ninja ]] || meson setup "$build" "${setup[@]}"
ninja -C "$build"

unecho=$root/$build/cli/unecho
measure=$root/$build/samples/measure
sample=$root/samples/meeting
export LADSPA_PATH=$root/$build/plugins/ladspa
export GST_PLUGIN_PATH=$root/$build/plugins/gstreamer
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export GST_REGISTRY=$work/registry
passed=0
failed=0

check() {
    local what=$1
    shift
    if "$@"; then
        echo "passed: $what"
        ((++passed))
    else
        echo "FAILED: $what"
        ((++failed))
    fi
}

# cancelled FILE [LATE]: FILE is the sample with LATE seconds before its output begins. The echo is at
# least 25 dB weaker where only the far end talks, the near end's level within 1 dB where only it does.
cancelled() {
    local frames figures
    frames=$(soxi -s "$sample"_mic.flac)
    sox -V1 "$1" -b 24 cut.wav trim "${2:-0}" rate 16000 pad 0 1 trim 0 "${frames}s" || return 1
    # Its exit status is about other promises, one of which needs the exact latency.
    figures=$("$measure" --tap "$sample" cut.wav) || true
    awk -F ': ' '
        /^(not )?ok 1 - far end alone/ { echo = $NF + 0 }
        /^(not )?ok 2 - near end alone/ { near = $NF + 0; found = 1 }
        END {
            printf "echo %.1f dB weaker, near end %+.1f dB\n", echo, near
            exit !(found && echo >= 25 && near <= 1 && near >= -1)
        }' <<<"$figures"
}

# same_bits RATE LATENCY: what ffmpeg gave is what the command line gives, LATENCY frames late.
same_bits() {
    "$unecho" process --quiet --raw f32le --rate "$1" --chunk 480 --reference-late 0 \
        mic.f32 far.f32 -o clean.f32 &&
        tail -c "+$((4 * $2 + 1))" host.f32 >late.f32 &&
        cmp late.f32 <(head -c "$(stat -c %s late.f32)" clean.f32)
}

# in_ffmpeg RATE LATENCY
in_ffmpeg() {
    local end
    for end in mic far; do
        sox -V1 "$sample"_$end.flac -e floating-point -b 32 $end.wav pad 0 0.1 rate -v "$1"
        sox -V1 $end.wav -t f32 $end.f32
    done
    ffmpeg -v error -y -i mic.wav -i far.wav -filter_complex \
        "[0:a][1:a]amerge=inputs=2,ladspa=file=unecho:plugin=unecho" -f f32le host.f32
    sox -V1 -t f32 -r "$1" -c 1 host.f32 -b 32 host.wav
    check "ffmpeg at $1 Hz" cancelled host.wav "${2}s"
    check "ffmpeg at $1 Hz gives the bits of the command line" same_bits "$1" "$2"
}

in_sox() {
    sox --combine merge "$sample"_mic.flac "$sample"_far.flac -b 24 sox.wav ladspa -l unecho unecho \
        remix 1
    check "SoX" cancelled sox.wav
}

# in_gstreamer RATE: what the page tells users to write. 16 bits: wavparse 1.22 reads nothing from a
# file whose data have an odd number of bytes.
in_gstreamer() {
    local end turn
    for end in mic far; do
        sox -V1 "$sample"_$end.flac -b 16 $end.wav rate -v "$1"
    done
    for turn in 1 2; do
        gst-launch-1.0 -q unecho name=ec ! wavenc ! filesink location=out$turn.wav \
            filesrc location=mic.wav ! wavparse ! ec.mic filesrc location=far.wav ! wavparse ! ec.far
    done
    check "GStreamer at $1 Hz" cancelled out1.wav
    check "GStreamer at $1 Hz gives the same twice" cmp out1.wav out2.wav
    check "GStreamer at $1 Hz keeps the length" test "$(soxi -s out1.wav)" = "$(soxi -s mic.wav)"
}

# Two chains of elements that meet in the probe only, at the speed of sound. As with a sound card, the
# echo comes 100 ms after the far end has passed the probe.
in_gstreamer_pair() {
    sox -V1 "$sample"_far.flac -b 16 far.wav rate -v 48000
    sox -V1 "$sample"_mic.flac -b 16 mic.wav pad 0.1 rate -v 44100
    gst-launch-1.0 -q filesrc location=mic.wav ! wavparse ! audioconvert ! identity sync=true ! \
        unechodsp ! wavenc ! filesink location=pair.wav \
        filesrc location=far.wav ! wavparse ! audioconvert ! unechoprobe ! fakesink sync=true
    check "GStreamer, far end by a probe" cancelled pair.wav 0.1
}

says() {
    grep -qF "$1" errors || { cat errors; return 1; }
}

in_gstreamer_wrong() {
    gst-launch-1.0 -q unecho name=ec ! fakesink filesrc location=mic.wav ! wavparse ! ec.mic \
        filesrc location=far.wav ! wavparse ! ec.far >errors 2>&1 || true
    check "GStreamer says that rates differ" says "The pads mic and far need one rate"
    gst-launch-1.0 filesrc location=mic.wav ! wavparse ! unecho ! fakesink >errors 2>&1
    check "GStreamer says that there is no far end" says "The pad far is not connected"
}

# Waits until there is a port of that name.
await() {
    local tries
    for ((tries = 0; tries < 100; tries++)); do
        { pw-link -i; pw-link -o; } 2>/dev/null | grep -qx "$1" && return
        sleep 0.1
    done
    echo "PipeWire: no port $1"
    return 1
}

# The session: one file plays the far end to a loudspeaker and the microphone's signal into a
# microphone; another records that microphone and the plugin's output.
session() {
    local others=() player recorder
    pipewire >pipewire.log 2>&1 &
    others+=($!)
    until [[ -S $XDG_RUNTIME_DIR/pipewire-0 ]]; do sleep 0.1; done
    wireplumber >wireplumber.log 2>&1 &
    others+=($!)
    await mic:input_MONO
    await speaker:playback_MONO
    await unecho.in:input_AUX1
    await unecho:capture_MONO
    pw-link mic:capture_MONO unecho.in:input_AUX0
    pw-link speaker:monitor_MONO unecho.in:input_AUX1
    pw-record -P '{ node.autoconnect=false node.name=recorder }' --rate 48000 --channels 2 \
        --format f32 live.wav &
    recorder=$!
    await recorder:input_FR
    pw-link mic:capture_MONO recorder:input_FL
    pw-link unecho:capture_MONO recorder:input_FR
    pw-play -P '{ node.autoconnect=false node.name=player }' both.wav &
    player=$!
    await player:output_FR
    pw-link player:output_FL speaker:playback_MONO
    pw-link player:output_FR mic:input_MONO
    wait "$player"
    kill "$recorder" "${others[@]}"
    wait
}

export -f await session

# in_pipewire LATE REFERENCE-LATE: the microphone LATE milliseconds, 0 to 499, later than the sample's;
# the plugin's control.
in_pipewire() {
    local conf=config/pipewire/pipewire.conf.d
    sox -V1 "$sample"_far.flac -e floating-point -b 32 far.wav pad 0.5 1 rate -v 48000
    sox -V1 "$sample"_mic.flac -e floating-point -b 32 mic.wav pad "0.$((500 + $1))" 1 rate -v 48000
    sox -V1 --combine merge far.wav mic.wav -b 24 both.wav
    mkdir -p run $conf
    chmod 700 run
    cat >$conf/devices.conf <<'CONF'
context.objects = [
    { factory = adapter
      args = { factory.name = support.null-audio-sink  node.name = speaker
               media.class = Audio/Sink  audio.position = [ MONO ]  object.linger = true } }
    { factory = adapter
      args = { factory.name = support.null-audio-sink  node.name = mic
               media.class = Audio/Source/Virtual  audio.position = [ MONO ]  object.linger = true } }
]
CONF
    # What the page tells users to write.
    awk '/^```/ { inside = /pipewire/; next } inside' "$root/docs/ladspa.md" |
        sed -e "s|/usr/local/lib/ladspa|$LADSPA_PATH|" -e "s|(ms)\" = 0|(ms)\" = $2|" >$conf/unecho.conf
    XDG_RUNTIME_DIR=$PWD/run PIPEWIRE_RUNTIME_DIR=$PWD/run XDG_CONFIG_HOME=$PWD/config \
        XDG_STATE_HOME=$PWD/state timeout 120 dbus-run-session -- bash -c session 2>session.log ||
        cat session.log
    # From the microphone's first sound on; the output is about 38 ms and REFERENCE-LATE behind it.
    sox -V1 live.wav begun.wav silence 1 1s -80d
    sox -V1 begun.wav clean.wav remix 2
    # A busy machine may miss a quantum when the session starts: the far end counts from 3 s on.
    ln -sf "$sample"_mic.flac live_mic.flac
    ln -sf "$sample"_near.flac live_near.flac
    sed 's/0\.6,/3.6,/' "$sample.json" >live.json
    local sample=live
    check "PipeWire, the microphone $1 ms later, late reference $2" cancelled clean.wav \
        "0.$(printf %03d $((38 + $2)))"
}

in_ffmpeg 16000 256
in_ffmpeg 48000 1048
in_sox
in_gstreamer 16000
in_gstreamer 44100
in_gstreamer_pair
in_gstreamer_wrong
# The virtual loudspeaker drives the graph: its monitor comes a quantum late, 43 ms here.
in_pipewire 0 50
in_pipewire 60 0
in_pipewire 150 0

echo "$passed passed, $failed failed"
((failed == 0))
