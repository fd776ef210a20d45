import {type Observable, Subject} from 'rxjs';
import {type BlockDevice, DeviceIoError} from '../../api.ts';
import type {IdeChannel} from './channel.ts';
import type {DrivePlace} from './ide-disk.ts';
import type {IdeOptions} from './options.ts';
import * as r from './registers.ts';
import type {AtaResult, Protocol} from './request.ts';

const PACKET_BYTES = 12;
const BLOCK_BYTES = 2048;
/** Bytes of a burst; an even number below 2^16. */
const BURST_BYTES = 0xf800;

const TEST_UNIT_READY = 0x00;
const READ_CAPACITY = 0x25;
const READ_10 = 0x28;
const CAPACITY_BYTES = 8;
const MAX_BLOCKS = 0xffff;

const UNIT_ATTENTION = 0x6;
/** A drive has that many things to tell, and no more. */
const MAX_ATTENTIONS = 8;

/** An ATAPI CD drive, whose media come and go. */
export class IdeCdrom implements BlockDevice {
  readonly name: string;
  readonly virtualDevice: number;
  readonly sectorSize = BLOCK_BYTES;
  readonly readonly = true;
  readonly removable = true;
  readonly canFlush = false;
  private readonly channel: IdeChannel;
  private readonly device: 0 | 1;
  private readonly usesDma: boolean;
  private readonly maxBytes: number;
  private readonly sizes = new Subject<number>();
  private readonly removedSubject = new Subject<never>();
  private readonly counts = {reads: 0, errors: 0};
  private size = 0;

  constructor(channel: IdeChannel, place: DrivePlace, options: Required<IdeOptions>) {
    this.name = place.name;
    this.virtualDevice = place.virtualDevice;
    this.device = place.device;
    this.channel = channel;
    this.usesDma = options.transfer === 'dma';
    this.maxBytes = Math.min(options.maxTransferBytes, MAX_BLOCKS * BLOCK_BYTES);
  }

  get sizeBytes(): number {
    return this.size;
  }

  get resized(): Observable<number> {
    return this.sizes.asObservable();
  }

  get removed(): Observable<never> {
    return this.removedSubject.asObservable();
  }

  stats(): Readonly<Record<string, number>> {
    return {...this.counts, ...this.channel.stats};
  }

  /** Looks whether there is a medium, and how large it is: to be called from time to time, as kernels poll such drives. */
  async check(): Promise<void> {
    const ready = await this.packet(TEST_UNIT_READY, undefined);
    if (ready.status !== 'done') return this.resize(0);
    const capacity = new Uint8Array(CAPACITY_BYTES);
    const result = await this.packet(READ_CAPACITY, capacity);
    const blocks = result.status === 'done' ? new DataView(capacity.buffer).getUint32(0) + 1 : 0;
    this.resize(blocks * BLOCK_BYTES);
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    this.checkRange(offset, length);
    const data = new Uint8Array(length);
    for (let at = 0; at < length; at += this.maxBytes) {
      await this.readBlocks((offset + at) / BLOCK_BYTES, data.subarray(at, at + this.maxBytes));
    }
    return data;
  }

  write(): Promise<void> {
    return Promise.reject(new DeviceIoError('EROFS', `${this.name}: write`));
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  discard(): Promise<void> {
    return Promise.reject(new DeviceIoError('EROFS', `${this.name}: discard`));
  }

  /** The drive is not there any more. */
  close(): void {
    this.sizes.complete();
    this.removedSubject.complete();
  }

  toString(): string {
    return `${this.name} CD drive, ${this.size === 0 ? 'no medium' : `${this.size} bytes`}`;
  }

  private resize(sizeBytes: number): void {
    if (sizeBytes === this.size) return;
    this.size = sizeBytes;
    this.sizes.next(sizeBytes);
  }

  private async readBlocks(lba: number, data: Uint8Array): Promise<void> {
    this.counts.reads++;
    const result = await this.packet(READ_10, data, (packet) => {
      packet.setUint32(2, lba);
      packet.setUint16(7, data.length / BLOCK_BYTES);
    });
    if (result.status === 'done' && result.bytes === data.length) return;
    this.counts.errors++;
    throw new DeviceIoError('EIO', `${this.name}: read`);
  }

  /** Sends a packet, once more for each thing that the drive has to tell before. */
  private async packet(
    opcode: number,
    data: Uint8Array | undefined,
    fill: (packet: DataView) => void = () => undefined,
  ): Promise<AtaResult> {
    const packet = new Uint8Array(PACKET_BYTES);
    packet[0] = opcode;
    fill(new DataView(packet.buffer));
    for (let attentions = 0; ; attentions++) {
      const result = await this.send(packet, data);
      const isAttention = result.status === 'failed' && result.error >>> 4 === UNIT_ATTENTION;
      if (!isAttention || attentions === MAX_ATTENTIONS) return result;
    }
  }

  private send(packet: Uint8Array, data: Uint8Array | undefined): Promise<AtaResult> {
    // What is shorter than a block goes by PIO, as Linux does it: the drive may send less.
    const isDma = this.usesDma && data !== undefined && data.length % BLOCK_BYTES === 0;
    const protocol: Protocol = isDma ? 'packet-dma-in' : 'packet-pio-in';
    const features = isDma ? r.PACKET_DMA : 0;
    return this.channel.run({
      device: this.device,
      opcode: r.PACKET,
      protocol,
      features,
      lba: BURST_BYTES << 8,
      packet,
      data,
    });
  }

  private checkRange(offset: number, length: number): void {
    const isAligned = offset % BLOCK_BYTES === 0 && length % BLOCK_BYTES === 0;
    const isInside = offset >= 0 && length >= 0 && offset + length <= this.size;
    if (!isAligned || !isInside) throw new DeviceIoError('EINVAL', `${this.name}: ${length} bytes at ${offset}`);
  }
}
