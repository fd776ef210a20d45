import {NS_PER_S, type TaskQueue, type Timer} from '../../../hypervisor/schedule/index.ts';
import {setDestination} from './ethernet.ts';
import type {IpAddress} from './ip.ts';
import {kept, type OutgoingFrame} from './transmit-queue.ts';

/** @see RFC 1122, 2.3.2.1: entries time out, requests are at most one a second and address; RFC 4861, 10 says the same. */
const LIFETIME_NS = 60 * NS_PER_S;
const RETRY_NS = NS_PER_S;
const MAX_REQUESTS = 3;
/** @see RFC 1122, 2.3.2.2: keep at least the latest packet for an address that is being resolved. */
const MAX_QUEUED_FRAMES = 16;
const MAX_ENTRIES = 1024;

interface Entry {
  mac: Uint8Array | undefined;
  learntNs: number;
  queue: OutgoingFrame[];
  requests: number;
  timer: Timer | undefined;
}

export interface NeighboursOptions {
  schedule: TaskQueue;
  /** Asks all, by ARP or neighbour discovery. */
  ask: (address: IpAddress) => void;
  send: (outgoing: OutgoingFrame) => void;
  /** A frame was lost for want of room, or an address did not answer. */
  onDropped: () => void;
  onFailed: () => void;
}

/** The neighbours of one interface: addresses known and being asked for, with the frames that wait for them. */
export class Neighbours {
  private readonly options: NeighboursOptions;
  /** In order of insertion: the oldest goes when it is full. */
  private readonly entries = new Map<IpAddress, Entry>();

  constructor(options: NeighboursOptions) {
    this.options = options;
  }

  /** Sends the frame to the neighbour, once its address is known. */
  output(nextHop: IpAddress, outgoing: OutgoingFrame): void {
    const entry = this.entries.get(nextHop) ?? this.insert(nextHop);
    if (entry.mac !== undefined && this.options.schedule.now() - entry.learntNs < LIFETIME_NS) {
      setDestination(outgoing.frame, entry.mac);
      this.options.send(outgoing);
      return;
    }
    if (entry.queue.length >= MAX_QUEUED_FRAMES) {
      entry.queue.shift();
      this.options.onDropped();
    }
    entry.queue.push(kept(outgoing));
    if (entry.timer === undefined) this.request(nextHop, entry);
  }

  /** A neighbour told its address. One that nobody asked about is only taken up when `insert`. */
  learn(address: IpAddress, mac: Uint8Array, insert: boolean): void {
    const entry = this.entries.get(address) ?? (insert ? this.insert(address) : undefined);
    if (entry === undefined) return;
    entry.mac = mac;
    entry.learntNs = this.options.schedule.now();
    this.stopAsking(entry);
    for (const outgoing of entry.queue.splice(0)) {
      setDestination(outgoing.frame, mac);
      this.options.send(outgoing);
    }
  }

  /** Addresses that are known or asked for now; `mac` undefined for the latter. */
  list(): {address: IpAddress; mac: Uint8Array | undefined}[] {
    const now = this.options.schedule.now();
    return [...this.entries]
      .filter(([, entry]) => entry.timer !== undefined || now - entry.learntNs < LIFETIME_NS)
      .map(([address, entry]) => ({address, mac: entry.timer === undefined ? entry.mac : undefined}));
  }

  clear(): void {
    for (const entry of this.entries.values()) this.stopAsking(entry);
    this.entries.clear();
  }

  private insert(address: IpAddress): Entry {
    const [oldest] = this.entries.keys();
    if (this.entries.size >= MAX_ENTRIES && oldest !== undefined) this.drop(oldest);
    const entry: Entry = {mac: undefined, learntNs: 0, queue: [], requests: 0, timer: undefined};
    this.entries.set(address, entry);
    return entry;
  }

  private request(address: IpAddress, entry: Entry): void {
    entry.requests++;
    this.options.ask(address);
    entry.timer = this.options.schedule.after(RETRY_NS, () => {
      if (entry.requests < MAX_REQUESTS) this.request(address, entry);
      else this.giveUp(address);
    });
  }

  private giveUp(address: IpAddress): void {
    this.options.onFailed();
    this.drop(address);
  }

  /** Forgets the address; the frames that wait for it have failed. */
  private drop(address: IpAddress): void {
    const entry = this.entries.get(address);
    if (entry === undefined) return;
    this.stopAsking(entry);
    this.entries.delete(address);
    for (const {onUnreachable} of entry.queue) {
      this.options.onDropped();
      onUnreachable?.();
    }
  }

  private stopAsking(entry: Entry): void {
    entry.timer?.cancel();
    entry.timer = undefined;
    entry.requests = 0;
  }
}
