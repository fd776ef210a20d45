import {putBe16} from '../../network/index.ts';
import {address64, Descriptor} from '../nic/index.ts';
import type {Chip} from './chip.ts';
import {DelayedCause} from './delayed-cause.ts';
import {DescriptorRing, ringRegisters} from './descriptor-ring.ts';
import {canCut, type ChecksumsWanted, cutSegments, insertChecksum, insertChecksums} from './frame-offload.ts';
import {NO_CONTEXT, parseContext} from './offload-context.ts';
import {CTRL_VME, ICR_TXDW, ICR_TXQE, TCTL_EN, TCTL_PSP} from './registers.ts';

/** Descriptors taken and frames sent at a time, before others have their turn. */
const MAX_AT_ONCE = 512;
/** A header and 64 KiB of data. */
const MAX_WHOLE = 0x10000 + 256;
const MAX_FRAME = 16384;
const MIN_FRAME = 60;
const TYPE_AT = 12;
const VLAN_LEN = 4;

/** Commands, in the third word of each kind of descriptor. @see SDM, "Transmit Descriptor Format" */
const EOP = 1 << 24;
/** Of a legacy descriptor: insert a checksum. */
const IC = 1 << 26;
/** Of others: cut into segments. */
const TSE = 1 << 26;
const RS = 1 << 27;
const RPS = 1 << 28;
const DEXT = 1 << 29;
const VLE = 1 << 30;
const IDE = 1 << 31;
const DTYP_DATA = 1 << 20;
/** POPTS in the fourth word of a data descriptor. */
const IXSM = 1 << 8;
const TXSM = 1 << 9;
/** Status there. */
const DD = 1 << 0;
const SPECIAL_SHIFT = 16;

const noChecksums: ChecksumsWanted = {ip: false, transport: false};

/** The transmit ring, with legacy, context and data descriptors; a frame is what several of them hold up to EOP. */
export class Transmitter {
  private readonly chip: Chip;
  private readonly ring: DescriptorRing;
  private readonly descriptor: Descriptor;
  private readonly timer: DelayedCause;
  private readonly whole = new Uint8Array(MAX_WHOLE);
  private readonly segment = new Uint8Array(MAX_FRAME);
  /** Bytes of the frame that has begun; above MAX_WHOLE it is lost. */
  private length = 0;
  private wanted = noChecksums;
  private context = NO_CONTEXT;
  private segmentContext = NO_CONTEXT;
  /** What was done of this turn. */
  private work = 0;
  private isPosted = false;

  constructor(chip: Chip) {
    const {registers, schedule, dma} = chip;
    this.chip = chip;
    this.ring = new DescriptorRing(registers, ringRegisters.transmit);
    this.descriptor = new Descriptor(dma);
    this.timer = new DelayedCause({
      schedule,
      relative: () => registers.get('TIDV'),
      absolute: () => registers.get('TADV'),
      onExpiry: () => chip.raise(ICR_TXDW),
    });
  }

  reset(): void {
    this.timer.cancel();
    this.length = 0;
    this.context = NO_CONTEXT;
    this.segmentContext = NO_CONTEXT;
  }

  /** TIDV.FPD */
  flush(): void {
    this.timer.flush();
  }

  /** Takes what is in the ring, a turn's worth now. */
  run(): void {
    const {chip, ring} = this;
    if ((chip.registers.get('TCTL') & TCTL_EN) === 0 || !chip.isBusMaster || ring.owned === 0) return;
    this.work = 0;
    while (this.work < MAX_AT_ONCE && ring.owned > 0) this.take();
    chip.port.flush();
    if (ring.owned > 0) this.runLater();
    else chip.raise(ICR_TXQE);
  }

  private runLater(): void {
    if (this.isPosted) return;
    this.isPosted = true;
    this.chip.schedule.post(() => {
      this.isPosted = false;
      this.run();
    });
  }

  private take(): void {
    const {descriptor, ring} = this;
    const {words} = descriptor;
    const at = ring.headAddress;
    this.work++;
    descriptor.fetch(at);
    const command = words[2];
    if ((command & DEXT) !== 0 && (command & DTYP_DATA) === 0) this.setContext();
    else this.takeData(command, words[3]);
    ring.advance();
    if ((command & (RS | RPS)) === 0) return;
    words[3] = (words[3] & ~0xf) | DD;
    descriptor.store(at, 12, 4);
    if ((command & IDE) !== 0) this.timer.start();
    else this.chip.raise(ICR_TXDW);
  }

  private setContext(): void {
    const context = parseContext(this.descriptor.words);
    if ((this.descriptor.words[2] & TSE) === 0) this.context = context;
    else this.segmentContext = context;
  }

  private takeData(command: number, upper: number): void {
    const {words} = this.descriptor;
    const isData = (command & DEXT) !== 0;
    if (isData && this.length === 0) this.wanted = {ip: (upper & IXSM) !== 0, transport: (upper & TXSM) !== 0};
    this.append(address64(words[0], words[1]), isData ? command & 0xfffff : command & 0xffff);
    if ((command & EOP) === 0) return;
    const {length} = this;
    this.length = 0;
    if (length > MAX_WHOLE) return this.chip.statistics.count('TSCTFC');
    const isTagged = (command & VLE) !== 0 && (this.chip.registers.get('CTRL') & CTRL_VME) !== 0;
    const tag = isTagged ? upper >>> SPECIAL_SHIFT : undefined;
    if (isData && (command & TSE) !== 0) return this.sendSegments(length, tag);
    if (isData) insertChecksums(this.whole, length, this.context, this.wanted);
    else if ((command & IC) !== 0) {
      const place = {from: (upper >>> 8) & 0xff, at: (command >>> 16) & 0xff, last: 0};
      insertChecksum(this.whole, length, place);
    }
    this.send(this.whole, length, tag);
  }

  private append(address: number, bytes: number): void {
    const end = this.length + bytes;
    if (end <= MAX_WHOLE) this.chip.dma.read(address, this.whole.subarray(this.length, end));
    this.length = Math.min(end, MAX_WHOLE + 1);
  }

  private sendSegments(length: number, tag: number | undefined): void {
    const context = this.segmentContext;
    const {statistics} = this.chip;
    if (!canCut(context, length) || context.headerBytes + context.mss > MAX_FRAME - VLAN_LEN)
      return statistics.count('TSCTFC');
    cutSegments(this.whole.subarray(0, length), context, this.wanted, this.segment, (bytes) =>
      this.send(this.segment, bytes, tag),
    );
    statistics.count('TSCTC');
  }

  private send(buffer: Uint8Array, length: number, tag: number | undefined): void {
    if (length > MAX_FRAME - VLAN_LEN) return;
    let bytes = length;
    if (tag !== undefined) {
      buffer.copyWithin(TYPE_AT + VLAN_LEN, TYPE_AT, bytes);
      putBe16(buffer, TYPE_AT, this.chip.registers.get('VET'));
      putBe16(buffer, TYPE_AT + 2, tag);
      bytes += VLAN_LEN;
    }
    if (bytes < MIN_FRAME && (this.chip.registers.get('TCTL') & TCTL_PSP) !== 0) {
      buffer.fill(0, bytes, MIN_FRAME);
      bytes = MIN_FRAME;
    }
    const frame = buffer.subarray(0, bytes);
    this.work++;
    this.chip.statistics.countSent(frame);
    this.chip.transmit(frame);
  }
}
