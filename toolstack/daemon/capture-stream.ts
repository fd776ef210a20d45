import {type Observable, Subscription} from 'rxjs';
import type {VifPacket} from '../../backends/net/index.ts';
import {
  CHECKSUM_BLANK,
  enhancedPacket,
  interfaceDescription,
  interfaceStatistics,
  sectionHeader,
  segmentBytes,
} from '../../backends/network/index.ts';
import type {Schedule} from '../../hypervisor/schedule/index.ts';

/** Kept for a client that reads slowly. Packets beyond it are counted as dropped, as tcpdump's are. */
const BACKLOG_BYTES_MAX = 8 * 1024 * 1024;
const NOTIFICATION_BYTES_MAX = 48 * 1024;
const NS_PER_MS = 1e6;
const MS_PER_S = 1000;

export interface CaptureStreamOptions {
  vifs: readonly {name: string; mac: string; packets: Observable<VifPacket>}[];
  /** "pvsim 1.0.0" */
  application: string;
  clock: Pick<Schedule, 'epochMs' | 'now'>;
  /** Ends after so many packets; 0: no limit. */
  count: number;
  /** Resolves when the client's socket has taken the data, base64. */
  send: (data: string) => Promise<void>;
  /** All has been sent. */
  closed: (totals: {packets: number; dropped: number}) => void;
}

/** One client's capture: packets of some vifs as a pcapng file, sent as fast as the client takes it. */
export class CaptureStream {
  readonly #options: CaptureStreamOptions;
  readonly #subscription = new Subscription();
  readonly #counters: {received: number; dropped: number}[];
  /** From the interfaces' whole second to the clock's 0. */
  readonly #offsetNs: number;
  #backlog: Buffer[] = [];
  #backlogBytes = 0;
  #packets = 0;
  #live: number;
  #sending = false;
  #ending = false;
  #closed = false;

  constructor(options: CaptureStreamOptions) {
    const {vifs, clock, application} = options;
    this.#options = options;
    this.#counters = vifs.map(() => ({received: 0, dropped: 0}));
    this.#live = vifs.length;
    const epochSeconds = Math.floor(clock.epochMs / MS_PER_S);
    this.#offsetNs = (clock.epochMs - epochSeconds * MS_PER_S) * NS_PER_MS;
    this.#push(sectionHeader(application));
    for (const {name, mac} of vifs) this.#push(interfaceDescription({name, description: mac, epochSeconds}));
    for (const [id, {packets}] of vifs.entries()) {
      this.#subscription.add(
        packets.subscribe({next: (packet) => this.#take(id, packet), complete: () => this.#gone()}),
      );
    }
    void this.#pump();
  }

  /** Ends the file with the statistics, and then the stream. */
  stop(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#subscription.unsubscribe();
    const timeNs = this.#offsetNs + this.#options.clock.now();
    for (const [interfaceId, counters] of this.#counters.entries()) {
      this.#push(interfaceStatistics({interfaceId, timeNs, ...counters}));
    }
    void this.#pump();
  }

  /** The client is gone. */
  close(): void {
    this.#closed = true;
    this.#ending = true;
    this.#subscription.unsubscribe();
    this.#backlog = [];
  }

  #take(interfaceId: number, packet: VifPacket): void {
    if (this.#ending) return;
    const counters = this.#counters[interfaceId];
    counters.received++;
    const {timeNs, direction, bytes} = packet;
    if (this.#backlogBytes + bytes.length > BACKLOG_BYTES_MAX) {
      counters.dropped++;
      return;
    }
    const comment = describe(packet);
    this.#push(enhancedPacket({interfaceId, timeNs: this.#offsetNs + timeNs, direction, bytes, comment}));
    this.#packets++;
    if (this.#packets === this.#options.count) this.stop();
    else void this.#pump();
  }

  #gone(): void {
    this.#live--;
    if (this.#live === 0) this.stop();
  }

  #push(block: Buffer): void {
    this.#backlog.push(block);
    this.#backlogBytes += block.length;
  }

  async #pump(): Promise<void> {
    if (this.#sending || this.#closed) return;
    this.#sending = true;
    try {
      while (this.#backlog.length > 0) await this.#options.send(this.#next());
      if (this.#ending) this.#finish();
    } catch {
      this.close();
    } finally {
      this.#sending = false;
    }
  }

  #finish(): void {
    if (this.#closed) return;
    this.close();
    const dropped = this.#counters.reduce((sum, counters) => sum + counters.dropped, 0);
    this.#options.closed({packets: this.#packets, dropped});
  }

  /** Whole blocks, so that a reader of a pipe has every packet as soon as it is sent. */
  #next(): string {
    let length = 0;
    let blocks = 0;
    while (blocks < this.#backlog.length && length < NOTIFICATION_BYTES_MAX) length += this.#backlog[blocks++].length;
    this.#backlogBytes -= length;
    return Buffer.concat(this.#backlog.splice(0, blocks)).toString('base64');
  }
}

/** "tx 2 slots from 17, grants 612 613, checksum blank, gso size 1448" */
const describe = ({direction, slot, slots, grefs, offload}: VifPacket): string =>
  [
    `${direction} ${slots === 1 ? `slot ${slot}` : `${slots} slots from ${slot}`}`,
    `${grefs.length === 1 ? 'grant' : 'grants'} ${grefs.join(' ')}`,
    ...((offload & CHECKSUM_BLANK) === 0 ? [] : ['checksum blank']),
    ...(segmentBytes(offload) === 0 ? [] : [`gso size ${segmentBytes(offload)}`]),
  ].join(', ');
