"""unecho: acoustic echo cancellation.

A microphone picks up what the loudspeaker plays. unecho takes the microphone signal and the far
end, the signal that goes to the loudspeaker, and returns the near end: the microphone without the
echo. A live stream::

    import unecho

    with unecho.Canceller(rate=48000) as canceller:
        for mic, far in frames:                     # numpy or bytes, any number of frames
            near = canceller.process(mic, far)

A whole recording::

    near = unecho.process(mic, far, rate=16000)
"""

from typing import TYPE_CHECKING

from ._canceller import Canceller, Stats
from ._library import Error, library
from ._playout import Playout
from ._settings import CHANNEL_MEAN, Align, Backend, Engine, Model, ModelKind, Precision
from ._signals import process, process_file, process_many

if TYPE_CHECKING:
    from . import aio as aio
else:
    def __getattr__(name):
        """aio and the adapters when they are used: adapters need packages of others."""
        if name in ("aio", "livekit", "pipecat"):
            from importlib import import_module
            return import_module("." + name, __name__)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

#: Of the library; the package has the same.
__version__: str = library.unecho_version().decode()

__all__ = [
    "Align", "Backend", "CHANNEL_MEAN", "Canceller", "Engine", "Error", "Model", "ModelKind",
    "Playout", "Precision", "Stats", "__version__", "process", "process_file", "process_many",
]
