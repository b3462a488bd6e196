/** Records as sound: played fast enough that their frequencies are heard. */

const FASTER = 25;
const PAUSE_S = 0.3;
let playing;

/** Play signals (samples at a rate) one after the other, on one scale, and stop what played before. */
export function play(signals, rate) {
  playing?.close();
  playing = new AudioContext();
  const context = playing;
  const step = (rate * FASTER) / context.sampleRate;
  const peak = Math.max(...signals.flatMap((signal) => Array.from(signal, Math.abs)));
  let start = context.currentTime;
  for (const signal of signals) {
    const buffer = context.createBuffer(1, Math.floor((signal.length - 1) / step), context.sampleRate);
    const samples = buffer.getChannelData(0);
    for (let i = 0; i < samples.length; i++) {
      const at = i * step;
      const before = Math.floor(at);
      samples[i] = (0.9 / peak) * (signal[before] + (at - before) * (signal[before + 1] - signal[before]));
    }
    const source = new AudioBufferSourceNode(context, { buffer });
    source.connect(context.destination);
    source.start(start);
    start += buffer.duration + PAUSE_S;
  }
}
