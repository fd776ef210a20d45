import {STATE_IOREQ_READY} from '../abi/hvm/ioreq.ts';

const WORDS = 8;
const TWO_32 = 2 ** 32;

/** Words of struct ioreq; the last holds _pad0, the bit fields and the type. */
const ADDR = 0;
const DATA = 2;
const COUNT = 4;
const SIZE = 5;
const VP_EPORT = 6;
const FLAGS = 7;

const STATE_SHIFT = 16;
const STATE_MASK = 0xf << STATE_SHIFT;
const DATA_IS_PTR = 1 << 20;
const DIR_SHIFT = 21;
const TYPE_SHIFT = 24;

/**
 * The ioreq_t of one vCPU in the page that Xen shares with a device model. Xen fills it in, the device model answers in
 * `data` and sets the state. Addresses are exact up to 2^53.
 * @see hvm/ioreq.h
 */
export class Ioreq {
  private readonly words: Uint32Array;

  /** `vcpu`: its place in the page. */
  constructor(page: Uint32Array, vcpu: number) {
    this.words = page.subarray(vcpu * WORDS, (vcpu + 1) * WORDS);
  }

  /** Port or physical address; of IOREQ_TYPE_PCI_CONFIG the function's place above 32 bits of offset. */
  get addr(): number {
    return this.words[ADDR] + this.words[ADDR + 1] * TWO_32;
  }

  /** What is written, or was read: its low 32 bits. With `dataIsPtr` the guest's physical address of it. */
  get data(): number {
    return this.words[DATA];
  }

  set data(value: number) {
    this.words[DATA] = value;
    this.words[DATA + 1] = 0;
  }

  /** Accesses that follow each other: what REP counts. */
  get count(): number {
    return this.words[COUNT];
  }

  /** Bytes of one access: 1, 2 or 4. */
  get size(): number {
    return this.words[SIZE];
  }

  /** IOREQ_TYPE_* */
  get type(): number {
    return this.words[FLAGS] >>> TYPE_SHIFT;
  }

  /** IOREQ_READ or IOREQ_WRITE. */
  get dir(): number {
    return (this.words[FLAGS] >>> DIR_SHIFT) & 1;
  }

  get dataIsPtr(): boolean {
    return (this.words[FLAGS] & DATA_IS_PTR) !== 0;
  }

  /** STATE_IOREQ_* and STATE_IORESP_READY. */
  get state(): number {
    return (this.words[FLAGS] & STATE_MASK) >>> STATE_SHIFT;
  }

  set state(state: number) {
    this.words[FLAGS] = (this.words[FLAGS] & ~STATE_MASK) | (state << STATE_SHIFT);
  }

  /** The struct as it lies in the page now. */
  toBytes(): Uint8Array {
    return new Uint8Array(this.words.slice().buffer);
  }

  /** Writes a whole request and makes it ready. */
  fill(type: number, dir: number, addr: number, size: number, count: number, data: number, dataIsPtr: boolean): void {
    const {words} = this;
    words[ADDR] = addr;
    words[ADDR + 1] = addr / TWO_32;
    words[DATA] = data;
    words[DATA + 1] = data / TWO_32;
    words[COUNT] = count;
    words[SIZE] = size;
    words[VP_EPORT] = 0;
    words[FLAGS] =
      (type << TYPE_SHIFT) | (dir << DIR_SHIFT) | (dataIsPtr ? DATA_IS_PTR : 0) | (STATE_IOREQ_READY << STATE_SHIFT);
  }
}
