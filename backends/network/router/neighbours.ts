import {NS_PER_S, type TaskQueue} from '../../../hypervisor/schedule/index.ts';

/** An answer is good for so long. */
const FRESH_NS = 60 * NS_PER_S;
const ASK_AGAIN_NS = NS_PER_S;
const MAX_ASKS = 3;
/** Frames that wait for one neighbour's address. */
const MAX_WAITING = 16;
const MAX_NEIGHBOURS = 4096;

interface Neighbour {
  mac: Uint8Array | undefined;
  seenNs: number;
  asks: number;
  waiting: Uint8Array[];
}

export interface NeighboursOptions {
  schedule: TaskQueue;
  /** Sends an ARP request for the address. */
  ask: (address: number) => void;
  /** Sends a frame to a neighbour. */
  send: (frame: Uint8Array, mac: Uint8Array) => void;
}

/** Who is behind which IPv4 address on one network. @see RFC 826; RFC 1122, 2.3.2 */
export class Neighbours {
  private readonly options: NeighboursOptions;
  private readonly table = new Map<number, Neighbour>();

  constructor(options: NeighboursOptions) {
    this.options = options;
  }

  /** Sends a frame as soon as the neighbour's address is known; drops it when nobody answers. */
  resolve(address: number, frame: Uint8Array): void {
    const known = this.table.get(address);
    if (known?.mac !== undefined && this.options.schedule.now() - known.seenNs < FRESH_NS) {
      this.options.send(frame, known.mac);
    } else if (known?.mac === undefined && known !== undefined) {
      if (known.waiting.length < MAX_WAITING) known.waiting.push(frame);
    } else {
      const asked: Neighbour = {mac: undefined, seenNs: 0, asks: 0, waiting: [frame]};
      this.insert(address, asked);
      this.ask(address, asked);
    }
  }

  /** Notes what a neighbour said of itself. */
  learn(address: number, mac: Uint8Array): void {
    const waiting = this.table.get(address)?.waiting ?? [];
    this.insert(address, {mac, seenNs: this.options.schedule.now(), asks: 0, waiting: []});
    for (const frame of waiting) this.options.send(frame, mac);
  }

  forget(address: number): void {
    this.table.delete(address);
  }

  /** The newest at the end: a full table forgets the oldest. */
  private insert(address: number, neighbour: Neighbour): void {
    this.table.delete(address);
    const [oldest] = this.table.keys();
    if (this.table.size >= MAX_NEIGHBOURS) this.table.delete(oldest);
    this.table.set(address, neighbour);
  }

  private ask(address: number, asked: Neighbour): void {
    if (this.table.get(address) !== asked) return;
    if (asked.asks++ === MAX_ASKS) {
      this.table.delete(address);
      return;
    }
    this.options.ask(address);
    this.options.schedule.after(ASK_AGAIN_NS, () => this.ask(address, asked));
  }
}
