import {NS_PER_S} from '../../../hypervisor/schedule/index.ts';
import {readU32} from '../net/index.ts';
import {type Flow, UDP_HEADER_BYTES} from './flow.ts';

/** Counts what arrives of a stream of datagrams, and what does not. */
export class UdpReceiver {
  private readonly flow: Flow;
  private readonly counterBytes: number;
  private expected = 1;
  private lastTransitSeconds: number | undefined;

  /** `wide`: numbers have 64 bits. */
  constructor(flow: Flow, wide: boolean) {
    this.flow = flow;
    this.counterBytes = wide ? 8 : 4;
  }

  receive(data: Uint8Array, nowNs: number): void {
    if (data.length < UDP_HEADER_BYTES - 4 + this.counterBytes) return;
    const {flow} = this;
    flow.bytes += data.length;
    const sentSeconds = readU32(data, 0) + readU32(data, 4) / 1e6;
    // The high word of a wide number is 0 for longer than any test lasts.
    const number = readU32(data, 8 + this.counterBytes - 4);
    if (number >= this.expected) {
      flow.lost += number - this.expected;
      this.expected = number + 1;
    } else if (flow.lost > 0) flow.lost--;
    flow.packets = this.expected - 1;
    const transit = nowNs / NS_PER_S - sentSeconds;
    const change = Math.abs(transit - (this.lastTransitSeconds ?? transit));
    this.lastTransitSeconds = transit;
    flow.jitter += (change - flow.jitter) / 16;
  }
}
