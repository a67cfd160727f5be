"""Echo cancellation in asyncio programs: what is computed is computed in a thread.

A chunk of 20 ms takes the processor some tenths of a millisecond: on the event loop, a server with
many calls would deliver all of them late.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from contextlib import suppress
from typing import Any, AsyncIterable, AsyncIterator, Callable, Optional, Tuple

from ._canceller import Canceller as _Canceller
from ._canceller import Stats

__all__ = ["Canceller", "clean"]


class Canceller:
    """unecho.Canceller, whose methods are awaited.

    ``executor`` is a concurrent.futures.Executor of threads; None: the loop's own. Calls are made
    on one event loop and take effect in their order. One that is cancelled ends when its thread is
    done with it.

    >>> import asyncio
    >>> async def main():
    ...     async with Canceller(rate=16000) as canceller:
    ...         return await canceller.process(bytes(640), bytes(640))      # 20 ms, int16
    >>> len(asyncio.run(main()))
    640
    """

    def __init__(self, rate: int = 48000, channels: int = 1, far_rate: Optional[int] = None, *,
                 executor: Optional[Executor] = None, **settings: Any) -> None:
        self._canceller = _Canceller(rate, channels, far_rate, **settings)
        self._executor = executor
        self._turn = asyncio.Lock()

    async def process(self, mic: Any, far: Any = None, *, out: Any = None) -> Any:
        """unecho.Canceller.process, in a thread. The arguments must not change until it is done."""
        return await self._run(lambda: self._canceller.process(mic, far, out=out))

    async def push_far(self, far: Any) -> None:
        """unecho.Canceller.push_far: copies and computes nothing, but takes its turn."""
        await self._run(lambda: self._canceller.push_far(far))

    async def notify_gap(self, mic_lost: int = 0, far_lost: int = 0) -> None:
        """unecho.Canceller.notify_gap, after the calls that were made before."""
        await self._run(lambda: self._canceller.notify_gap(mic_lost, far_lost))

    async def set(self, **settings: Any) -> None:
        """unecho.Canceller.set, after the calls that were made before."""
        await self._run(lambda: self._canceller.set(**settings))

    async def read_record(self) -> bytes:
        """unecho.Canceller.read_record."""
        record: bytes = await self._run(self._canceller.read_record)
        return record

    async def reset(self) -> None:
        """unecho.Canceller.reset, after the calls that were made before."""
        await self._run(self._canceller.reset)

    async def next_call(self) -> None:
        """unecho.Canceller.next_call, in a thread."""
        await self._run(self._canceller.next_call)

    async def close(self) -> None:
        """unecho.Canceller.close, after the calls that were made before."""
        await self._run(self._canceller.close)

    async def __aenter__(self) -> "Canceller":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def rate(self) -> int:
        """Of microphone and output, in Hz."""
        return self._canceller.rate

    @property
    def channels(self) -> int:
        """Of microphone and output."""
        return self._canceller.channels

    @property
    def far_rate(self) -> int:
        """Of the far end, in Hz."""
        return self._canceller.far_rate

    @property
    def far_channels(self) -> int:
        """Of the far end."""
        return self._canceller.far_channels

    @property
    def latency(self) -> int:
        """How many frames the output is behind the microphone."""
        return self._canceller.latency

    @property
    def kernels(self) -> str:
        """The instruction set in use; waits for a call that computes."""
        return self._canceller.kernels

    @property
    def stats(self) -> Stats:
        """A snapshot of the statistics; waits for a call that computes."""
        return self._canceller.stats

    async def _run(self, call: Callable[[], Any]) -> Any:
        return await in_turn(self._turn, self._executor, call)


async def in_turn(turn: asyncio.Lock, executor: Optional[Executor],
                  call: Callable[[], Any]) -> Any:
    """What the call returns, in a thread of the executor. It is over when this ends, however."""
    async with turn:
        work = asyncio.get_running_loop().run_in_executor(executor, call)
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            # The thread has the chunk: the next one must not overtake it, and the caller's buffers
            # are in use. Whoever cancels may do so again meanwhile.
            while not work.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([work])
            raise


async def clean(pairs: AsyncIterable[Tuple[Any, Any]], rate: int = 48000, channels: int = 1,
                far_rate: Optional[int] = None, **settings: Any) -> AsyncIterator[Any]:
    """The near end of an asynchronous iterable of (mic, far), chunk by chunk.

    ::

        async for near in unecho.aio.clean(pairs, rate=16000):
            ...
    """
    async with Canceller(rate, channels, far_rate, **settings) as canceller:
        async for mic, far in pairs:
            yield await canceller.process(mic, far)
