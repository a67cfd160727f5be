#!/usr/bin/python3
# Makes the bundled sample: one side of a call, as the microphone of a laptop on a table records it.
# Two synthetic talkers, a simulated room and loudspeaker, all computed from the texts and numbers
# below and one seed. Does not use unecho.
#
# Needs (Debian): flite flac python3-numpy. Usage: samples/make_sample.py [OUTPUT-FOLDER]

import io
import json
import pathlib
import subprocess
import sys
import tempfile
import wave

import numpy as np

RATE = 16000
SEED = 20240229

# ---- What is said -------------------------------------------------------------------------------
# (who, pause in seconds before it, text). A part ends where its last talker ends; in double talk
# both start together.

FAR_VOICE = "rms"
NEAR_VOICE = "slt"

FAR_ALONE = [
    (0.0, "Good morning. The new shelves arrive on Thursday, around ten o'clock."),
    (0.35, "We still need four people to carry them up to the second floor."),
]
NEAR_ALONE = [
    (0.0, "Thursday is fine. I will ask Paul and his sister, they have a small truck."),
    (0.3, "Please send me the list again."),
]
FAR_DOUBLE = [
    (0.0, "I can send it right now, but the last page is missing, so count the boards twice."),
    (0.2, "There should be thirty six."),
]
NEAR_DOUBLE = [
    (0.35, "Wait, before you do that, somebody moved the boxes into the blue room."),
    (0.25, "I counted only thirty, and two were damaged."),
]
PAUSE = 0.9  # between the parts: longer than the room's reverberation

# ---- The scene ----------------------------------------------------------------------------------

ROOM = (5.2, 4.1, 2.7)  # metres
REVERBERATION = 0.30  # T60 in seconds
MICROPHONE = (2.31, 1.74, 0.82)
LOUDSPEAKER = (2.62, 1.58, 0.80)  # 35 cm away: the same table
MOUTH = (2.05, 2.22, 1.14)  # 63 cm away
SOUND_SPEED = 343.0
PLAYBACK_DELAY = 0.0214  # of sound card and driver, in seconds
SPEECH_DB = -26.0  # of near end and of echo at the microphone, mean power while someone talks
FAR_DB = -24.0  # of the far-end file
ROOM_NOISE_DB = -65.0
LINE_NOISE_DB = -75.0


def speak(voice, text):
    """One sentence from flite, 16 kHz, without the silence around it."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "speech.wav"
        subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(path)], check=True)
        with wave.open(str(path)) as file:
            if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (RATE, 1, 2):
                sys.exit(f"flite's voice {voice} is not 16 kHz mono 16 bit")
            x = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768.0
    loud = np.flatnonzero(np.abs(x) > 0.01 * np.abs(x).max())
    return x[loud[0] : loud[-1] + 1]


def speak_all(voice, lines):
    parts = []
    for pause, text in lines:
        parts += [np.zeros(round(pause * RATE)), speak(voice, text)]
    return np.concatenate(parts)


def room_response(source, microphone, rng):
    """
    Image-source method (Allen and Berkley 1979) for a rectangular room whose walls all reflect the
    same share of the sound, found from the reverberation time by Eyring's formula. Each image adds
    a windowed sinc at its exact, fractional delay.
    """
    size = np.array(ROOM)
    volume = size.prod()
    surface = 2 * (size[0] * size[1] + size[0] * size[2] + size[1] * size[2])
    absorption = 1 - np.exp(-0.161 * volume / (surface * REVERBERATION))
    reflection = np.sqrt(1 - absorption)

    seconds = 1.1 * REVERBERATION
    reach = seconds * SOUND_SPEED
    # Along each axis the images lie at 2 k L + s (2 k bounces) and at 2 k L - s (2 k - 1 bounces).
    positions, bounces = [], []
    for length, s in zip(size, source):
        k = np.arange(-np.ceil(reach / (2 * length)), np.ceil(reach / (2 * length)) + 1)
        positions.append(np.concatenate([2 * k * length + s, 2 * k * length - s]))
        bounces.append(np.concatenate([np.abs(2 * k), np.abs(2 * k - 1)]))
    x, y, z = np.meshgrid(*positions, indexing="ij")
    bounce = sum(np.meshgrid(*bounces, indexing="ij"))
    # A few centimetres of disorder keep a perfect box from ringing like one (sweeping echoes);
    # the direct sound stays exact.
    disorder = np.where(bounce[..., None] > 0, rng.uniform(-0.04, 0.04, x.shape + (3,)), 0)
    distance = np.linalg.norm(np.stack([x, y, z], -1) + disorder - np.array(microphone), axis=-1)
    near = distance < reach
    distance, bounce = distance[near], bounce[near]
    gain = reflection**bounce / distance

    half = 24
    delay = distance / SOUND_SPEED * RATE
    whole = np.floor(delay).astype(int)
    response = np.zeros(whole.max() + 2 * half + 2)
    for tap in range(-half, half + 1):
        offset = tap - (delay - whole)
        window = np.cos(np.pi * offset / (2 * half + 2)) ** 2
        index = whole + tap
        inside = index >= 0
        np.add.at(response, index[inside], (gain * np.sinc(offset) * window)[inside])
    return response


def convolve(x, h):
    size = 1 << (len(x) + len(h)).bit_length()
    return np.fft.irfft(np.fft.rfft(x, size) * np.fft.rfft(h, size), size)[: len(x)]


def delay_by(x, seconds):
    """A delay of any length, by a phase ramp."""
    size = 1 << (len(x) + RATE).bit_length()
    ramp = np.exp(-2j * np.pi * np.fft.rfftfreq(size, 1 / RATE) * seconds)
    return np.fft.irfft(np.fft.rfft(x, size) * ramp, size)[: len(x)]


def loudspeaker(x):
    """
    A small loudspeaker: driven hard enough for some second and third harmonic (a few per cent at
    the peaks), nothing below 180 Hz, a resonance at 900 Hz.
    """
    x = x / np.abs(x).max()
    x = 0.9 * x + 0.05 * x * x
    x = np.tanh(0.8 * x) / 0.8
    size = 1 << (2 * len(x)).bit_length()
    s = 1j * np.fft.rfftfreq(size, 1 / RATE)
    high_pass = s**2 / (s**2 + 180 / 0.8 * s + 180**2)
    resonance = 1 + 0.6 * (900 / 1.5 * s) / (s**2 + 900 / 1.5 * s + 900**2)
    return np.fft.irfft(np.fft.rfft(x, size) * high_pass * resonance, size)[: len(x)]


def power_db(x):
    return 10 * np.log10(np.mean(x * x))


def at_level(x, active, db):
    """Scaled so that the mean power over the samples in active is db."""
    return x * 10 ** ((db - power_db(x[active])) / 20)


def noise(rng, n, db):
    """Falls by 3 dB an octave above 60 Hz, as room noise does."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(n, 1 / RATE), 60))
    x = np.fft.irfft(spectrum, n)
    return x * 10 ** ((db - power_db(x)) / 20)


def write_flac(path, x, rng):
    if np.abs(x).max() >= 0.98:
        sys.exit(f"{path.name} would clip")
    # Rectangular dither of one step: the rounding error is noise, not distortion.
    samples = np.round(x * 32767 + rng.uniform(-0.5, 0.5, len(x))).astype("<i2")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    command = ["flac", "--best", "--silent", "--force", "--no-padding", "-o", str(path), "-"]
    subprocess.run(command, input=buffer.getvalue(), check=True)


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)

    far_alone = speak_all(FAR_VOICE, FAR_ALONE)
    near_alone = speak_all(NEAR_VOICE, NEAR_ALONE)
    far_double = speak_all(FAR_VOICE, FAR_DOUBLE)
    near_double = speak_all(NEAR_VOICE, NEAR_DOUBLE)

    gap = round(PAUSE * RATE)
    far_start = round(0.6 * RATE)
    near_start = far_start + len(far_alone) + gap
    double_start = near_start + len(near_alone) + gap
    double_end = double_start + max(len(far_double), len(near_double))
    total = double_end + gap

    far, near = np.zeros(total), np.zeros(total)
    far[far_start : far_start + len(far_alone)] = far_alone
    far[double_start : double_start + len(far_double)] = far_double
    near[near_start : near_start + len(near_alone)] = near_alone
    near[double_start : double_start + len(near_double)] = near_double
    far_active = np.r_[far_start : far_start + len(far_alone)]
    near_active = np.r_[near_start : near_start + len(near_alone)]

    far = at_level(far, far_active, FAR_DB) + noise(rng, total, LINE_NOISE_DB)
    echo = convolve(loudspeaker(far), room_response(LOUDSPEAKER, MICROPHONE, rng))
    echo = at_level(delay_by(echo, PLAYBACK_DELAY), far_active, SPEECH_DB)
    near = convolve(near, room_response(MOUTH, MICROPHONE, rng))
    near = at_level(near, near_active, SPEECH_DB)
    microphone = near + echo + noise(rng, total, ROOM_NOISE_DB)

    write_flac(folder / "meeting_far.flac", far, rng)
    write_flac(folder / "meeting_mic.flac", microphone, rng)
    write_flac(folder / "meeting_near.flac", near, rng)

    seconds = lambda start, end: [round(start / RATE, 3), round(end / RATE, 3)]
    segments = {
        "far_end_single_talk": seconds(far_start, far_start + len(far_alone)),
        "near_end_single_talk": seconds(near_start, near_start + len(near_alone)),
        "double_talk": seconds(double_start, double_end),
    }
    (folder / "meeting.json").write_text(json.dumps(segments, indent=2) + "\n")
    for name, (start, end) in segments.items():
        print(f"{name}: {start:.2f} to {end:.2f} s")


main()
