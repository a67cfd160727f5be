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
need libpipewire-0.3-dev "headers of unecho live and of the echo-cancel plugin" have_library libpipewire-0.3
need wireplumber "its session manager" command -v wireplumber
need dbus "gives PipeWire a session" command -v dbus-run-session
install_missing

build="build-plugins"
setup=(-Dwerror=true -Dtools=enabled -Dtests=disabled -Dladspa=enabled -Dgstreamer=enabled
    -Dpipewire=enabled -Dlive=enabled)
[[ -f $build/build.ninja ]] || meson setup "$build" "${setup[@]}"
ninja -C "$build"

unecho=$root/$build/cli/unecho
measure=$root/$build/samples/measure
sample=$root/samples/meeting
export LADSPA_PATH=$root/$build/plugins/ladspa
export GST_PLUGIN_PATH=$root/$build/plugins/gstreamer
work=$(mktemp -d)
spa_plugins=$work/spa:$(pkg-config --variable=plugindir libspa-0.2)
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

# cancelled DB FILE [LATE]: FILE is the sample with LATE seconds before its output begins. The echo is at
# least DB weaker where only the far end talks, the near end's level within 1 dB where only it does.
cancelled() {
    local frames figures
    frames=$(soxi -s "$sample"_mic.flac)
    sox -V1 "$2" -b 24 cut.wav trim "${3:-0}" rate 16000 pad 0 1 trim 0 "${frames}s" || return 1
    # Its exit status is about other promises, one of which needs the exact latency.
    figures=$("$measure" --tap "$sample" cut.wav) || true
    awk -F ': ' -v least="$1" '
        /^(not )?ok 1 - far end alone/ { echo = $NF + 0 }
        /^(not )?ok 2 - near end alone/ { near = $NF + 0; found = 1 }
        END {
            printf "echo %.1f dB weaker, near end %+.1f dB\n", echo, near
            exit !(found && echo >= least && near <= 1 && near >= -1)
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
    check "ffmpeg at $1 Hz" cancelled 25 host.wav "${2}s"
    check "ffmpeg at $1 Hz gives the bits of the command line" same_bits "$1" "$2"
}

# What the page tells users to write, with a far end in stereo.
in_ffmpeg_stereo() {
    local mono=aformat=channel_layouts=mono
    sox -V1 "$sample"_far.flac stereo.wav channels 2
    ffmpeg -v error -y -i "$sample"_mic.flac -i stereo.wav -filter_complex \
        "[0:a]${mono}[mic];[1:a]${mono}[far];[mic][far]amerge=inputs=2,ladspa=file=unecho:plugin=unecho" \
        stereo_out.wav
    check "ffmpeg, far end in stereo" cancelled 25 stereo_out.wav 256s
}

in_sox() {
    sox --combine merge "$sample"_mic.flac "$sample"_far.flac -b 24 sox.wav ladspa -l unecho unecho \
        remix 1
    check "SoX" cancelled 25 sox.wav
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
    check "GStreamer at $1 Hz" cancelled 25 out1.wav
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
    check "GStreamer, far end by a probe" cancelled 25 pair.wav 0.1
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

# What cancels in a session. Each sets `clean`, the port that gives the result, and `far`, where the far
# end is to be played.

with_filter_chain() {
    await unecho.in:input_AUX1
    await unecho:capture_MONO
    pw-link mic:capture_MONO unecho.in:input_AUX0
    pw-link speaker:monitor_MONO unecho.in:input_AUX1
    clean=unecho:capture_MONO far=speaker:playback_MONO
}

with_live() {
    "$unecho" live >live.log 2>&1 &
    others+=($!)
    await unecho:capture_MONO
    clean=unecho:capture_MONO far=speaker:playback_MONO
}

with_module() {
    await unecho.source:capture_FL
    await unecho.sink:playback_FL
    clean=unecho.source:capture_FL far=unecho.sink:playback_FL
}

start_servers() {
    pipewire >pipewire.log 2>&1 &
    others+=($!)
    until [[ -S $XDG_RUNTIME_DIR/pipewire-0 ]]; do sleep 0.1; done
    wireplumber >wireplumber.log 2>&1 &
    others+=($!)
    await mic:input_MONO
    await speaker:playback_MONO
}

# session HOW [MEANWHILE]: one file plays the far end to a loudspeaker and the microphone's signal into a
# microphone; another records that microphone, the result of HOW and what the loudspeaker got. MEANWHILE
# runs while it plays.
session() {
    local others=() player recorder clean far
    start_servers
    "$1"
    pw-record -P '{ node.autoconnect=false node.name=recorder }' --rate 48000 --channels 3 \
        --format f32 live.wav &
    recorder=$!
    await recorder:input_LFE
    pw-link mic:capture_MONO recorder:input_FL
    pw-link "$clean" recorder:input_FR
    pw-link speaker:monitor_MONO recorder:input_LFE
    sleep 1
    pw-play -P '{ node.autoconnect=false node.name=player }' both.wav &
    player=$!
    await player:output_FR
    pw-link player:output_FL "$far"
    pw-link player:output_FR mic:input_MONO
    ${2:-true}
    wait "$player"
    kill "$recorder" "${others[@]}"
    wait
}

# Another loudspeaker becomes the default and plays on; the first one goes.
unplug() {
    sleep 2
    pw-metadata 0 default.configured.audio.sink '{ "name": "other" }' Spa:String:JSON >&2
    pw-link player:output_FL other:playback_MONO
    pw-link -d player:output_FL speaker:playback_MONO
    sleep 0.2
    pw-cli destroy speaker
}

# Says for each way to end whether the virtual microphone is gone soon, and comes again.
ends() {
    local others=() signal pid tries
    start_servers
    for signal in INT TERM KILL; do
        env --default-signal=INT "$unecho" live >live.log 2>&1 &
        pid=$!
        await unecho:capture_MONO || exit
        kill "-$signal" "$pid"
        wait "$pid" || true
        for ((tries = 0; tries < 20; tries++)); do
            pw-cli ls Node | grep -q '"unecho' || break
            sleep 0.1
        done
        ((tries < 20)) && echo "gone $signal"
    done
    kill "${others[@]}"
    wait
}

export -f await start_servers session with_filter_chain with_live with_module unplug ends
export unecho

# devices FILE...: the configuration of a session: a loudspeaker, a microphone, and these files.
devices() {
    local conf=config/pipewire/pipewire.conf.d
    rm -rf run config state
    mkdir -p run $conf
    chmod 700 run
    # Cycles of exactly the length that is asked for: 480 frames for the echo-cancel module rather than
    # 256, of which a busy machine misses more.
    cat >$conf/devices.conf <<'CONF'
context.properties = { clock.power-of-two-quantum = false }
context.objects = [
    { factory = adapter
      args = { factory.name = support.null-audio-sink  node.name = speaker  priority.session = 2
               media.class = Audio/Sink  audio.position = [ MONO ]  object.linger = true } }
    { factory = adapter
      args = { factory.name = support.null-audio-sink  node.name = other  priority.session = 1
               media.class = Audio/Sink  audio.position = [ MONO ]  object.linger = true } }
    { factory = adapter
      args = { factory.name = support.null-audio-sink  node.name = mic  priority.session = 3
               media.class = Audio/Source/Virtual  audio.position = [ MONO ]  object.linger = true } }
]
CONF
    (($# == 0)) || cp "$@" $conf
}

# On a busy machine PipeWire misses cycles, unless it has the priority that it has on a desktop.
realtime=(chrt --rr 10)
"${realtime[@]}" true 2>/dev/null || realtime=()

# in_session COMMAND: runs it with servers of its own, without sound hardware.
in_session() {
    XDG_RUNTIME_DIR=$PWD/run PIPEWIRE_RUNTIME_DIR=$PWD/run XDG_CONFIG_HOME=$PWD/config \
        XDG_STATE_HOME=$PWD/state SPA_PLUGIN_DIR=$spa_plugins \
        timeout 120 "${realtime[@]}" dbus-run-session -- bash -c "$1" 2>session.log ||
        cat session.log
}

# How often a session is repeated whose recording is no good.
TRIES=8

within() {
    awk -v x="$1" -v low="$2" -v high="$3" 'BEGIN { exit !(x != "" && x >= low && x <= high) }'
}

# level FILE FROM TO: in dB of full scale, between these seconds.
level() {
    sox -V1 "$1" -n trim "$2" "=$3" stats 2>&1 | awk '/RMS lev dB/ { print ($4 == "-inf" ? -200 : $4) }'
}

# kept_up PLAYED HEARD GAIN: whether that channel of both.wav was recorded as it was played, as that channel
# of live.wav. Samples pass unchanged but for the gain, unless PipeWire misses cycles.
kept_up() {
    sox -V1 both.wav played.wav remix "$1" silence 1 1s -80d
    sox -V1 live.wav heard.wav remix "$2" vol "$3" silence 1 1s -80d
    sox -V1 -m -v 1 played.wav -v -1 heard.wav difference.wav trim 0 26
    ! within "$(level difference.wav 0 26)" -60 0
}

# far_kept_up HOW MEANWHILE: the same of the loudspeaker, which with something MEANWHILE does not get all.
far_kept_up() {
    [[ -z $2 ]] || return 0
    if [[ $1 == with_module ]]; then
        # One channel of two, as PipeWire 0.3 and 1.4 mix it into a loudspeaker that has one.
        kept_up 1 3 1.41421356 || kept_up 1 3 2
    else
        kept_up 1 3 1
    fi
}

# record HOW LATE [MEANWHILE]: what the microphone and HOW give while the sample plays, the microphone LATE
# milliseconds, 0 to 499, later than the sample's: begun.wav, from the microphone's first sound on.
record() {
    local try
    sox -V1 "$sample"_far.flac -e floating-point -b 32 far.wav pad 0.5 1 rate -v 48000
    sox -V1 "$sample"_mic.flac -e floating-point -b 32 mic.wav pad "0.$((500 + $2))" 1 rate -v 48000
    sox -V1 --combine merge far.wav mic.wav -b 24 both.wav
    for ((try = 0; try < TRIES; try++)); do
        in_session "session $1 ${3:-}"
        ! kept_up 2 1 1 || ! far_kept_up "$1" "${3:-}" || break
        echo "PipeWire missed cycles on a busy machine"
    done
    ((try < TRIES)) || echo "That many times: what follows is of such a recording"
    sox -V1 live.wav begun.wav silence 1 1s -80d
    sox -V1 begun.wav clean.wav remix 2
}

# live_cancelled DB LATENCY: as cancelled, from clean.wav. A busy machine may miss a quantum when the
# session starts: the far end counts from 3 s on.
live_cancelled() {
    ln -sf "$sample"_mic.flac live_mic.flac
    ln -sf "$sample"_near.flac live_near.flac
    sed 's/0\.6,/3.6,/' "$sample.json" >live.json
    sample=live cancelled "$1" clean.wav "$2"
}

# in_filter_chain LATE REFERENCE-LATE: the page's configuration with that control. The output is about
# 22 ms and REFERENCE-LATE behind the microphone.
in_filter_chain() {
    # What the page tells users to write.
    awk '/^```/ { inside = /pipewire/; next } inside' "$root/docs/ladspa.md" |
        sed -e "s|/usr/lib/ladspa|$LADSPA_PATH|" -e "s|(ms)\" = 0|(ms)\" = $2|" >unecho.conf
    devices unecho.conf
    record with_filter_chain "$1"
    check "PipeWire's filter-chain, the microphone $1 ms later, late reference $2" live_cancelled 25 \
        "0.$(printf %03d $((22 + $2)))"
}

# lag: by how many milliseconds the second channel of begun.wav is behind the first where the near end
# talks.
lag() {
    sox -V1 begun.wav near_mic.wav remix 1 trim 10 6 rate 16000
    sox -V1 begun.wav near_out.wav remix 2 trim 10 6 rate 16000
    "$unecho" doctor --json near_out.wav near_mic.wav >lag.json || true
    sed -n 's/.*"delay_ms": \([-0-9.]*\).*/\1/p' lag.json | head -n 1
}

# in_live LATE
in_live() {
    local late
    devices
    record with_live "$1"
    late=$(lag)
    echo "the output is $late ms behind the microphone"
    # 22 ms of its own, and a cycle of 512 frames and a little more for a monitor that comes late.
    check "unecho live, the microphone $1 ms later: latency" within "$late" 33 35
    check "unecho live, the microphone $1 ms later" live_cancelled 20 0.034
}

in_live_unplugged() {
    devices
    record with_live 60 unplug
    check "unecho live, another loudspeaker in mid-run" live_cancelled 20 0.034
}

ends_of_live() {
    devices
    in_session ends >ends.txt
    check "unecho live leaves nothing behind" cmp ends.txt <(printf 'gone %s\n' INT TERM KILL)
}

# in_module LIBRARY: the shipped configuration with that library. Sets echo and voice: by how many dB the
# echo is weaker than in the microphone, how the level in double talk differs from the near end's.
in_module() {
    local played recorded late
    sed "s|aec/libspa-aec-unecho|aec/libspa-aec-$1|" "$root/plugins/pipewire/unecho.conf" >unecho.conf
    devices unecho.conf
    record with_module 0
    played=$(soxi -D both.wav)
    recorded=$(soxi -D live.wav)
    late=$(lag)
    late=${late:-0}
    sox -V1 begun.wav late.wav remix 2 trim "$(awk "BEGIN { print $late / 1000 }")"
    sox -V1 begun.wav mic.wav remix 1
    echo=$(awk "BEGIN { print $(level mic.wav 3.6 8.9) - ($(level late.wav 3.6 8.9)) }")
    voice=$(awk "BEGIN { print $(level late.wav 17 24) - ($(level "$sample"_near.flac 17 24)) }")
    echo "$1: echo $echo dB weaker, double talk $voice dB, $late ms late, $recorded of $played s"
    check "echo-cancel module with $1: nothing lost" within "$recorded" "$played" 999
}

in_modules() {
    local of_webrtc of_process
    mkdir -p spa/aec
    ln -sf "$root/$build/plugins/pipewire/libspa-aec-unecho.so" spa/aec
    in_module null
    in_module webrtc
    of_webrtc=$echo
    in_module unecho
    # Where it is 60 dB weaker nothing is left to hear.
    of_webrtc=$(awk "BEGIN { e = $of_webrtc - 3; print e < 60 ? e : 60 }")
    check "echo-cancel module: the echo, beside webrtc" within "$echo" "$of_webrtc" 999
    # As the command line gives it.
    "$unecho" process --quiet --chunk 160 "$sample"_mic.flac "$sample"_far.flac -o process.wav
    of_process=$(awk "BEGIN { print $(level process.wav 17 24) - ($(level "$sample"_near.flac 17 24)) }")
    echo "unecho process: double talk $of_process dB"
    check "echo-cancel module: the voice in double talk" within \
        "$(awk "BEGIN { print $voice - ($of_process) }")" -0.5 0.5
}

in_ffmpeg 16000 256
in_ffmpeg 48000 1048
in_ffmpeg_stereo
in_sox
in_gstreamer 16000
in_gstreamer 44100
in_gstreamer_pair
in_gstreamer_wrong
# The virtual loudspeaker drives the graph: its monitor comes a quantum late, 43 ms here.
in_filter_chain 0 50
in_filter_chain 60 0
in_filter_chain 150 0
in_live 0
in_live 60
in_live 150
in_live_unplugged
ends_of_live
in_modules

echo "$passed passed, $failed failed"
((failed == 0))
