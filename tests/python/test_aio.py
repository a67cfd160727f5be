"""asyncio: the bits of a canceller, in order, off the event loop, and over when it is awaited."""

import asyncio
import doctest
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

import sample
import unecho.aio

FAR_RATE = 24000
# 20 ms
MICS = [m.tobytes() for (m,) in sample.chunks(320, sample.mic[:64000])]
FARS = [f.tobytes() for (f,) in sample.chunks(480, sample.resample(sample.far[:64000], 3, 2))]


class Aio(unittest.TestCase):
    def test_the_bits_of_a_canceller(self):
        async def pairs():
            for pair in zip(MICS[:200], FARS[:200]):
                yield pair

        async def run():
            return [near async for near in unecho.aio.clean(pairs(), 16000, far_rate=FAR_RATE)]

        with unecho.Canceller(16000, far_rate=FAR_RATE) as canceller:
            expected = [canceller.process(m, f) for m, f in zip(MICS[:200], FARS[:200])]
        self.assertEqual(asyncio.run(run()), expected)

    def test_it_has_what_a_canceller_has(self):
        names = [{name for name in dir(kind) if not name.startswith("_")}
                 for kind in (unecho.Canceller, unecho.aio.Canceller)]
        self.assertEqual(*names)

        async def run():
            async with unecho.aio.Canceller(16000, far_rate=FAR_RATE,
                                            record_capacity=1 << 16) as canceller:
                self.assertEqual((canceller.rate, canceller.far_rate, canceller.channels,
                                  canceller.far_channels), (16000, FAR_RATE, 1, 1))
                self.assertIsInstance(canceller.kernels, str)
                await canceller.push_far(FARS[0])
                await canceller.process(MICS[0])
                await canceller.notify_gap(mic_lost=320)
                await canceller.set(suppression=0.5, comfort_noise=True)
                self.assertGreater(len(await canceller.read_record()), 640)
                await canceller.next_call()
                self.assertEqual(canceller.stats.frames, 0)
                for wrong in (canceller.set(suppression=9), canceller.notify_gap(-1)):
                    with self.assertRaises(ValueError):
                        await wrong

        asyncio.run(run())

    def test_a_playout_is_its_far_end(self):
        async def run():
            playout = unecho.Playout(FAR_RATE)
            playout.play(b"".join(FARS[:50]))
            async with unecho.aio.Canceller(16000, far_rate=FAR_RATE) as canceller:
                return [await canceller.process(mic, playout) for mic in MICS[:50]]

        with unecho.Canceller(16000, far_rate=FAR_RATE) as canceller:
            expected = [canceller.process(m, f) for m, f in zip(MICS[:50], FARS[:50])]
        self.assertEqual(asyncio.run(run()), expected)

    def test_never_on_the_event_loop(self):
        threads = set()

        async def run(executor):
            async with unecho.aio.Canceller(16000, executor=executor) as canceller:
                inner = canceller._canceller.process

                def process(*arguments, **more):
                    threads.add(threading.current_thread())
                    return inner(*arguments, **more)

                canceller._canceller.process = process
                await canceller.process(bytes(640))

        with ThreadPoolExecutor(1) as executor:
            asyncio.run(run(executor))
        self.assertEqual(len(threads), 1)
        self.assertNotIn(threading.main_thread(), threads)

    def test_order_when_calls_are_made_at_once_and_cancelled(self):
        async def run():
            async with unecho.aio.Canceller(16000) as canceller:
                outs = await asyncio.gather(*map(canceller.process, MICS[:50]))
                task = asyncio.create_task(canceller.process(MICS[50]))
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                task.cancel()
                outs.append(await canceller.process(MICS[51]))
                return outs, canceller.stats.frames

        outs, frames = asyncio.run(run())
        # The cancelled chunk was taken whole or not at all.
        self.assertIn(frames, (51 * 320, 52 * 320))
        with unecho.Canceller(16000) as canceller:
            expected = [canceller.process(mic) for mic in MICS[:50]]
            if frames == 52 * 320:
                canceller.process(MICS[50])
            expected.append(canceller.process(MICS[51]))
        self.assertEqual(outs, expected)

    def test_cancelled_again_while_the_thread_computes(self):
        """The call ends when the thread is done; the next one waits for it."""
        begun, go = threading.Event(), threading.Event()

        async def run():
            async with unecho.aio.Canceller(16000) as canceller:
                inner = canceller._canceller.process

                def process(*arguments, **more):
                    begun.set()
                    go.wait()
                    return inner(*arguments, **more)

                canceller._canceller.process = process
                task = asyncio.create_task(canceller.process(MICS[0]))
                following = asyncio.create_task(canceller.reset())
                await asyncio.get_running_loop().run_in_executor(None, begun.wait)
                for _ in range(3):
                    task.cancel()
                    for _ in range(5):
                        await asyncio.sleep(0)
                ended = task.done(), following.done()
                go.set()
                with self.assertRaises(asyncio.CancelledError):
                    await task
                await following
                return ended

        self.assertEqual(asyncio.run(run()), (False, False))

    def test_examples(self):
        self.assertEqual(doctest.testmod(unecho.aio).failed, 0)
