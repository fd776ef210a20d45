import {NS_PER_MS, NS_PER_S, type TaskQueue} from '../../../hypervisor/schedule/index.ts';
import {type IpAddress, type TcpStream, type UdpEndpoint, writeU32} from '../net/index.ts';
import {sleep} from '../sleep.ts';
import type {StreamResult} from './control.ts';

/** Seconds, microseconds and a number begin each datagram. */
export const UDP_HEADER_BYTES = 12;
/** How often datagrams are sent that are due. */
const TICK_NS = 10 * NS_PER_MS;

/** How a stream is to be sent. */
export interface FlowShape {
  /** Of a block or datagram. */
  bytes: number;
  /** 0: as fast as it goes, over TCP only. */
  bitsPerSecond: number;
  /** Bytes in all. */
  limit: number;
}

const dueBytes = (elapsedNs: number, bitsPerSecond: number): number => (elapsedNs / NS_PER_S) * (bitsPerSecond / 8);

/** One stream of a test: counts, and sends or receives until it is told to stop. */
export class Flow {
  readonly id: number;
  bytes = 0;
  packets = 0;
  lost = 0;
  /** Smoothed, in seconds. @see RFC 1889, A.8 */
  jitter = 0;
  isOver = false;

  /** `index`: from 0. Both ends number streams 1, 3, 4, ..., as iperf3 has always done. */
  constructor(index: number) {
    this.id = index === 0 ? 1 : index + 2;
  }

  result(seconds: number): StreamResult {
    const {id, bytes, packets, lost, jitter} = this;
    return {id, bytes, retransmits: 0, jitter, errors: lost, packets, start_time: 0, end_time: seconds};
  }

  /** Sends blocks until it is over; `limit`: bytes in all. */
  async sendTcp(schedule: TaskQueue, stream: TcpStream, {bytes, bitsPerSecond, limit}: FlowShape): Promise<void> {
    const block = new Uint8Array(bytes);
    const startNs = schedule.now();
    while (!this.isOver && this.bytes < limit) {
      if (bitsPerSecond > 0 && this.bytes > dueBytes(schedule.now() - startNs, bitsPerSecond)) {
        await sleep(schedule, TICK_NS);
        continue;
      }
      await stream.write(block);
      this.bytes += block.length;
    }
  }

  async receiveTcp(stream: TcpStream): Promise<void> {
    for (let data = await stream.read(); data !== undefined && !this.isOver; data = await stream.read()) {
      this.bytes += data.length;
    }
  }

  /** Sends datagrams at a rate until it is over. */
  async sendUdp(
    schedule: TaskQueue,
    {endpoint, peer, port}: {endpoint: UdpEndpoint; peer: IpAddress; port: number},
    {bytes, bitsPerSecond, limit}: FlowShape,
  ): Promise<void> {
    const datagram = new Uint8Array(Math.max(bytes, UDP_HEADER_BYTES));
    const startNs = schedule.now();
    while (!this.isOver && this.bytes < limit) {
      const due = dueBytes(schedule.now() - startNs, bitsPerSecond);
      while (this.bytes <= due && this.bytes < limit) {
        const nowNs = schedule.now();
        writeU32(datagram, 0, Math.floor(nowNs / NS_PER_S));
        writeU32(datagram, 4, Math.floor((nowNs % NS_PER_S) / 1000));
        writeU32(datagram, 8, ++this.packets);
        endpoint.send(peer, port, datagram);
        this.bytes += datagram.length;
      }
      await sleep(schedule, TICK_NS);
    }
  }
}
