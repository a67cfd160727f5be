"""WAV files of 16 bits."""

from __future__ import annotations

import io
import os
import secrets
import wave
import warnings
from typing import TYPE_CHECKING, Any, Union

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._samples import Array

Path = Union[str, "os.PathLike[str]"]

_ENDINGS = (".wav", ".wave")

#: A header that says as many bytes comes from a program that did not know yet.
_UNKNOWN = 0x7FFFF000

#: The sizes in a header have 32 bits, and one of them counts the header.
_LARGEST = (1 << 32) - 64


def read_wav(path: Path) -> tuple[NDArray[np.int16], int]:
    """The samples of a WAV file, int16 (frames,) or (frames, channels), and its rate in Hz."""
    name = os.fspath(path)
    hint = "here WAV files of 16 bits are read; `unecho process` reads all others"
    try:
        with wave.open(name, "rb") as file:
            if file.getsampwidth() != 2:
                raise ValueError(f"{name} has {8 * file.getsampwidth()} bits: {hint}")
            channels = file.getnchannels()
            said = file.getnframes()
            data = file.readframes(said)
            rate = file.getframerate()
    except (wave.Error, EOFError) as error:
        reason = str(error) or "it ends too early"
        raise ValueError(f"{name} cannot be read ({reason}): {hint}") from None
    frame = 2 * channels
    frames = len(data) // frame
    if not frames:
        raise ValueError(f"{name} has no samples, or a recorder did not finish its header: "
                         f"`unecho process` reads such files")
    if frames < said and said * frame < _UNKNOWN:
        warnings.warn(f"{name} is cut short: its header says {said / rate:.2f} s, there are "
                      f"{frames / rate:.2f}", RuntimeWarning, stacklevel=3)
    array = np.frombuffer(data, "<i2", frames * channels).astype(np.int16, copy=False)
    return (array if channels == 1 else array.reshape(-1, channels)), rate


def check_output(path: Path) -> None:
    """Raise if write_wav would not write it, before anything is computed."""
    name = os.fspath(path)
    if os.path.isdir(name):
        raise ValueError(f"{name} is a folder: expected the name of a WAV file")
    if not name.lower().endswith(_ENDINGS):
        raise ValueError(f"{name}: WAV files are written here, expected a name that ends in "
                         f"{_ENDINGS[0]}; `unecho process` writes other formats")
    if os.path.exists(name) and not os.path.isfile(name):
        raise ValueError(f"{name} is not a regular file")
    folder = os.path.dirname(os.path.realpath(name))
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"{name}: there is no folder {folder}")


def write_wav(path: Path, near: Array, rate: int) -> None:
    """Write int16 samples, (frames,) or (frames, channels), as a WAV file.

    A file of that name is replaced when the new one is complete: a full disk leaves the old one.
    """
    check_output(path)
    name = os.fspath(path)
    if near.nbytes > _LARGEST:
        raise ValueError(f"{name}: {near.nbytes} bytes of samples are too many for a WAV file")
    # In memory: wave cannot be closed where a disk is full.
    whole: Any = io.BytesIO()
    with wave.open(whole, "wb") as file:
        file.setnchannels(1 if near.ndim == 1 else near.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(near.astype("<i2", copy=False).tobytes())
    _replace(os.path.realpath(name), name, whole.getbuffer())


def _replace(path: str, name: str, content: memoryview) -> None:
    """name: what the caller calls it."""
    folder, base = os.path.split(path)
    temporary = os.path.join(folder, f".{base}.{secrets.token_hex(4)}")
    try:
        try:
            with open(temporary, "xb") as file:
                file.write(content)
            if os.path.exists(path):
                os.chmod(temporary, os.stat(path).st_mode & 0o7777)
            os.replace(temporary, path)
        except BaseException:
            if os.path.exists(temporary):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise OSError(error.errno, error.strerror, name) from None
