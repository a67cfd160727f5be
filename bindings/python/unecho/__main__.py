"""python -m unecho: cancels the echo in a WAV file."""

from __future__ import annotations

import argparse
import sys
import warnings
from typing import Optional, TextIO, Type, Union

from . import Error, __version__, process_file
from ._settings import Engine, Precision

# The confidence below which the header says that no echo is seen.
SEEN = 0.3


def _tell(message: Union[Warning, str], category: Type[Warning], filename: str, lineno: int,
          file: Optional[TextIO] = None, line: Optional[str] = None) -> None:
    print(f"unecho: warning: {message}", file=sys.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m unecho",
        description="Cancel the echo in a recording: WAV files of 16 bits, any rate and channels. "
                    "The program `unecho` reads all formats and has more options.")
    parser.add_argument("mic", help="what the microphone recorded")
    parser.add_argument("far", help="what the loudspeaker played")
    parser.add_argument("-o", "--output", required=True, metavar="OUT",
                        help="the near end, a WAV file")
    parser.add_argument("--engine", default="linear_neural",
                        choices=[engine.name.lower() for engine in Engine])
    parser.add_argument("--precision", default="auto",
                        choices=[precision.name.lower() for precision in Precision])
    parser.add_argument("--noise-reduction", type=int, default=20, metavar="DB",
                        help="0 to 60, default 20")
    parser.add_argument("--version", action="version", version=f"unecho {__version__}")
    given = parser.parse_args()
    warnings.showwarning = _tell
    try:
        stats = process_file(given.mic, given.far, given.output, engine=given.engine,
                             precision=given.precision, noise_reduction_db=given.noise_reduction)
    except (OSError, ValueError, MemoryError, Error) as error:
        print(f"unecho: {error}", file=sys.stderr)
        return 1
    found = f"echo {stats.delay_ms:.0f} ms behind the far end"
    print(f"{given.output}: {found if stats.confidence >= SEEN else 'no echo found'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
