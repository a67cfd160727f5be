/* A program as people write them: strict TypeScript must accept it. */
import { Playout, captureClean, createCanceller, createEchoCanceller } from "unecho";
import type { NodeStats, Settings } from "unecho";

export async function call(peer: RTCPeerConnection, remote: MediaStream) {
  const stream = await captureClean({ reference: remote, constraints: { deviceId: "x" } });
  for (const track of stream.getAudioTracks()) {
    const sender = peer.addTrack(track, stream);
    stream.addEventListener("trackchange", ({ detail }) => sender.replaceTrack(detail.track));
  }
  stream.addEventListener("state", ({ detail }) => console.log(detail.reason ?? "", detail.message));
  const look = ({ detail }: CustomEvent<NodeStats>) => console.log(detail.levels.mic, detail.load);
  stream.addEventListener("stats", look);
  stream.removeEventListener("stats", look);
  stream.canceller?.addEventListener("stats", look);
  stream.canceller?.removeEventListener("stats", look);
  stream.close();
}

export async function graph(context: AudioContext, microphone: AudioNode, voice: AudioNode) {
  const canceller = await createEchoCanceller(context, { align: "fixed", delayMs: 10 });
  microphone.connect(canceller, 0, 0);
  voice.connect(canceller, 0, 1);
  canceller.connect(context.destination);
  canceller.suppression.setTargetAtTime(2, context.currentTime, 0.1);
  canceller.close();
}

export async function agent(mic: Float32Array, speech: Int16Array) {
  const settings: Settings = { rate: 16000, farRate: 24000 };
  const canceller = await createCanceller(settings);
  const playout = new Playout(24000);
  playout.play(speech);
  const near: Float32Array = canceller.process(mic, playout);
  // @ts-expect-error far end and microphone have one type
  canceller.process(mic, speech);
  // @ts-expect-error no such setting
  await createCanceller({ volume: 1 });
  return near;
}
