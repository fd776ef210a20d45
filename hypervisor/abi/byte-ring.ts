/**
 * One direction of a byte stream over shared memory, as the console, xenstore and the flex rings (9pfs, pvcalls) use it.
 * Indexes run freely over 32 bits and are masked on access.
 *
 * Both indexes live in shared memory, where the peer can write anything. Every operation reads each of them once; when
 * they claim more bytes than the ring holds, the operation touches nothing and answers `CORRUPT`.
 *
 * @see console.h, MASK_XENCONS_IDX; xs_wire.h, MASK_XENSTORE_IDX; ring.h, DEFINE_XEN_FLEX_RING
 */
export const CORRUPT = -1;

/** Where a byte ring lies. All offsets are in bytes from the start of `u8` and `u32`, two views of the same memory. */
export interface ByteRingPlace {
  readonly u8: Uint8Array;
  readonly u32: Uint32Array;
  /** Offset of the data. */
  readonly base: number;
  /** Bytes of data: a power of two. */
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

export class ByteRing {
  readonly size: number;
  private readonly u8: Uint8Array;
  private readonly u32: Uint32Array;
  private readonly base: number;
  private readonly consWord: number;
  private readonly prodWord: number;

  constructor(place: ByteRingPlace) {
    const {u8, u32, base, size, consOffset, prodOffset} = place;
    if (size <= 0 || (size & (size - 1)) !== 0) throw new Error(`byte ring of ${size} bytes: not a power of two`);
    if (((consOffset | prodOffset) & 3) !== 0) throw new Error('byte ring: indexes must be aligned to 4 bytes');
    if (base < 0 || base + size > u8.length) throw new Error(`byte ring: ${base}+${size} outside the memory`);
    if (Math.max(consOffset, prodOffset) >>> 2 >= u32.length) throw new Error('byte ring: indexes outside the memory');
    this.u8 = u8;
    this.u32 = u32;
    this.base = base;
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
    const {u8, base, size, prod} = this;
    const queued = (prod - this.cons) >>> 0;
    if (queued > size) return CORRUPT;
    const n = Math.min(to - from, size - queued);
    const at = prod & (size - 1);
    const first = Math.min(n, size - at);
    copyBytes(u8, base + at, src, from, first);
    copyBytes(u8, base, src, from + first, n - first);
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
    const {u8, base, size} = this;
    const queued = (this.prod - cons) >>> 0;
    if (queued > size) return CORRUPT;
    const n = Math.min(to - from, queued);
    const at = cons & (size - 1);
    const first = Math.min(n, size - at);
    copyBytes(dst, from, u8, base + at, first);
    copyBytes(dst, from + first, u8, base, n - first);
    return n;
  }
}

const hex = (index: number): string => `0x${index.toString(16)}`;

/** A page with a data buffer for each direction and the indexes of both behind them. */
const pagePart = (
  u8: Uint8Array,
  u32: Uint32Array,
  page: number,
  part: {data: number; size: number; cons: number; prod: number},
): ByteRing =>
  new ByteRing({
    u8,
    u32,
    base: page + part.data,
    size: part.size,
    consOffset: page + part.cons,
    prodOffset: page + part.prod,
  });

/**
 * The two directions of a console page at byte `pageOffset`: `in` is keyboard input to the guest, `out` its output.
 * @see console.h, struct xencons_interface
 */
export const consoleRings = (u8: Uint8Array, u32: Uint32Array, pageOffset: number): {in: ByteRing; out: ByteRing} => ({
  in: pagePart(u8, u32, pageOffset, {data: 0, size: 1024, cons: 3072, prod: 3076}),
  out: pagePart(u8, u32, pageOffset, {data: 1024, size: 2048, cons: 3080, prod: 3084}),
});

/**
 * The two directions of a xenstore page at byte `pageOffset`: `req` from the guest, `rsp` to the guest.
 * @see xs_wire.h, struct xenstore_domain_interface
 */
export const xenstoreRings = (
  u8: Uint8Array,
  u32: Uint32Array,
  pageOffset: number,
): {req: ByteRing; rsp: ByteRing} => ({
  req: pagePart(u8, u32, pageOffset, {data: 0, size: 1024, cons: 2048, prod: 2052}),
  rsp: pagePart(u8, u32, pageOffset, {data: 1024, size: 1024, cons: 2056, prod: 2060}),
});
