import {xen_9pfs_data_intf} from './io/9pfs.ts';
import {xencons_interface} from './io/console.ts';
import {XEN_FLEX_RING_SIZE} from './io/ring.ts';
import {XENSTORE_RING_SIZE, xenstore_domain_interface} from './io/xs-wire.ts';
import {offsetsOf} from './layout.ts';

/** What the operations of a ByteRing answer when its indexes claim more bytes than it holds. */
export const CORRUPT = -1;

/** Where a byte ring lies. All offsets are in bytes from the start of `u8` and `u32`, two views of the same memory. */
export interface ByteRingPlace {
  readonly u8: Uint8Array;
  readonly u32: Uint32Array;
  /** Offset of the data; or of its parts, all of one size, when they do not lie together. */
  readonly base: number | readonly number[];
  /** Bytes of data in all: a power of two. */
  readonly size: number;
  /** Offset of the u32 index that the reader advances. */
  readonly consOffset: number;
  /** Offset of the u32 index that the writer advances. */
  readonly prodOffset: number;
}

/** Below this many bytes a loop beats `set(subarray())`, which allocates a view. */
const LOOP_BYTES = 48;

const copyBytes = (dst: Uint8Array, dstAt: number, src: Uint8Array, srcAt: number, n: number): void => {
  if (n >= LOOP_BYTES) dst.set(src.subarray(srcAt, srcAt + n), dstAt);
  else for (let i = 0; i < n; i++) dst[dstAt + i] = src[srcAt + i];
};

/**
 * One direction of a byte stream over shared memory, as the console, xenstore and the flex rings (9pfs, pvcalls) use it.
 * Indexes run freely over 32 bits and are masked on access.
 *
 * Both indexes live in shared memory, where the peer can write anything. Every operation reads each of them once; when
 * they claim more bytes than the ring holds, the operation touches nothing and answers `CORRUPT`.
 *
 * @see console.h, MASK_XENCONS_IDX; xs_wire.h, MASK_XENSTORE_IDX; ring.h, DEFINE_XEN_FLEX_RING
 */
export class ByteRing {
  readonly size: number;
  private readonly u8: Uint8Array;
  private readonly u32: Uint32Array;
  private readonly parts: readonly number[];
  private readonly partBytes: number;
  private readonly consWord: number;
  private readonly prodWord: number;

  constructor(place: ByteRingPlace) {
    const {u8, u32, base, size, consOffset, prodOffset} = place;
    const parts = typeof base === 'number' ? [base] : base;
    const partBytes = size / parts.length;
    if (!isPowerOfTwo(size) || !isPowerOfTwo(partBytes))
      throw new Error(`byte ring of ${size} bytes: not a power of two`);
    if (((consOffset | prodOffset) & 3) !== 0) throw new Error('byte ring: indexes must be aligned to 4 bytes');
    if (parts.some((at) => at < 0 || at + partBytes > u8.length)) throw new Error('byte ring outside memory');
    if (Math.max(consOffset, prodOffset) >>> 2 >= u32.length) throw new Error('byte ring: indexes outside memory');
    this.u8 = u8;
    this.u32 = u32;
    this.parts = parts;
    this.partBytes = partBytes;
    this.size = size;
    this.consWord = consOffset >>> 2;
    this.prodWord = prodOffset >>> 2;
  }

  /** The reader's index, 0..2^32-1. */
  get cons(): number {
    return this.u32[this.consWord];
  }

  set cons(index: number) {
    this.u32[this.consWord] = index;
  }

  /** The writer's index, 0..2^32-1. */
  get prod(): number {
    return this.u32[this.prodWord];
  }

  set prod(index: number) {
    this.u32[this.prodWord] = index;
  }

  /** Bytes ready to be read, or `CORRUPT`. */
  queued(): number {
    const queued = (this.prod - this.cons) >>> 0;
    return queued > this.size ? CORRUPT : queued;
  }

  /** Bytes that can be written, or `CORRUPT`. */
  space(): number {
    const queued = this.queued();
    return queued === CORRUPT ? CORRUPT : this.size - queued;
  }

  /** Writes as much of `src[from, to)` as fits. Returns the bytes written (0 when full), or `CORRUPT`. */
  write(src: Uint8Array, from = 0, to = src.length): number {
    const {u8, size, partBytes, prod} = this;
    const queued = (prod - this.cons) >>> 0;
    if (queued > size) return CORRUPT;
    const n = Math.min(to - from, size - queued);
    for (let done = 0, k = 0; done < n; done += k) {
      k = Math.min(n - done, partBytes - ((prod + done) & (partBytes - 1)));
      copyBytes(u8, this.place(prod + done), src, from + done, k);
    }
    this.prod = prod + n;
    return n;
  }

  /** Fills as much of `dst[from, to)` as is queued. Returns the bytes read (0 when empty), or `CORRUPT`. */
  read(dst: Uint8Array, from = 0, to = dst.length): number {
    const {cons} = this;
    const n = this.copyOut(dst, from, to, cons);
    if (n > 0) this.cons = cons + n;
    return n;
  }

  /** As `read`, but leaves the bytes queued. */
  peek(dst: Uint8Array, from = 0, to = dst.length): number {
    return this.copyOut(dst, from, to, this.cons);
  }

  /** Drops up to `count` queued bytes unread. Returns the bytes dropped, or `CORRUPT`. */
  skip(count: number): number {
    const {cons} = this;
    const queued = (this.prod - cons) >>> 0;
    if (queued > this.size) return CORRUPT;
    const n = Math.min(count, queued);
    this.cons = cons + n;
    return n;
  }

  toString(): string {
    const queued = this.queued();
    const fill = queued === CORRUPT ? 'corrupt' : `${queued}/${this.size} queued`;
    return `byte ring prod=${hex(this.prod)} cons=${hex(this.cons)} ${fill}`;
  }

  private copyOut(dst: Uint8Array, from: number, to: number, cons: number): number {
    const {u8, size, partBytes} = this;
    const queued = (this.prod - cons) >>> 0;
    if (queued > size) return CORRUPT;
    const n = Math.min(to - from, queued);
    for (let done = 0, k = 0; done < n; done += k) {
      k = Math.min(n - done, partBytes - ((cons + done) & (partBytes - 1)));
      copyBytes(dst, from + done, u8, this.place(cons + done), k);
    }
    return n;
  }

  /** Where in `u8` the byte of an index lies. */
  private place(index: number): number {
    const at = index & (this.size - 1);
    return this.parts[Math.floor(at / this.partBytes)] + (at & (this.partBytes - 1));
  }
}

const isPowerOfTwo = (n: number): boolean => Number.isInteger(n) && n >= 1 && (n & (n - 1)) === 0;

const hex = (index: number): string => `0x${index.toString(16)}`;

/**
 * The two directions of a console page at byte `page`: `in` is keyboard input to the guest, `out` its output.
 * @see console.h, struct xencons_interface
 */
export const consoleRings = (u8: Uint8Array, u32: Uint32Array, page: number): {in: ByteRing; out: ByteRing} => {
  const {in: input, out, in_cons, in_prod, out_cons, out_prod} = offsetsOf(xencons_interface, 'x86_64');
  const direction = (data: number, end: number, cons: number, prod: number): ByteRing =>
    new ByteRing({u8, u32, base: page + data, size: end - data, consOffset: page + cons, prodOffset: page + prod});
  return {in: direction(input, out, in_cons, in_prod), out: direction(out, in_cons, out_cons, out_prod)};
};

/**
 * The two directions of a xenstore page at byte `page`: `req` from the guest, `rsp` to the guest.
 * @see xs_wire.h, struct xenstore_domain_interface
 */
export const xenstoreRings = (u8: Uint8Array, u32: Uint32Array, page: number): {req: ByteRing; rsp: ByteRing} => {
  const {req, rsp, req_cons, req_prod, rsp_cons, rsp_prod} = offsetsOf(xenstore_domain_interface, 'x86_64');
  const size = XENSTORE_RING_SIZE;
  const direction = (data: number, cons: number, prod: number): ByteRing =>
    new ByteRing({u8, u32, base: page + data, size, consOffset: page + cons, prodOffset: page + prod});
  return {req: direction(req, req_cons, req_prod), rsp: direction(rsp, rsp_cons, rsp_prod)};
};

/** A pair of flex rings in pages of a guest: byte offsets of the index page and of the 2^order data pages. */
export interface FlexRingPages {
  readonly u8: Uint8Array;
  readonly u32: Uint32Array;
  readonly indexPage: number;
  readonly dataPages: readonly number[];
}

/**
 * The two directions of a flex ring: the first half of the data pages is `in`, from the backend to the frontend, the
 * second half `out`. Throws unless the data pages are a power of two.
 * @see ring.h, DEFINE_XEN_FLEX_RING_AND_INTF
 */
export const flexRings = ({u8, u32, indexPage, dataPages}: FlexRingPages): {in: ByteRing; out: ByteRing} => {
  const {in_cons, in_prod, out_cons, out_prod} = offsetsOf(xen_9pfs_data_intf, 'x86_64');
  const size = XEN_FLEX_RING_SIZE(Math.log2(dataPages.length));
  const halves =
    dataPages.length === 1
      ? {in: dataPages[0], out: dataPages[0] + size}
      : {in: dataPages.slice(0, dataPages.length / 2), out: dataPages.slice(dataPages.length / 2)};
  const direction = (base: number | readonly number[], cons: number, prod: number): ByteRing =>
    new ByteRing({u8, u32, base, size, consOffset: indexPage + cons, prodOffset: indexPage + prod});
  return {in: direction(halves.in, in_cons, in_prod), out: direction(halves.out, out_cons, out_prod)};
};
