import type {Abi, Struct} from '../abi/ctype.ts';
import {sizeOf} from '../abi/layout.ts';
import {readStruct, type StructInput, type StructValue, writeStruct} from '../abi/value.ts';
import {type DomainMemory, PAGE_SIZE} from '../memory/index.ts';

/**
 * The integers of a hypercall's argument, those of inner structs with dots. Those of 64 bits are exact up to 2^53.
 */
export type Fields<Names extends string> = Readonly<Record<Names, number>>;

/**
 * Guest memory by the guest's own addresses, as hypercall arguments name it. Everything is copied; an address that is
 * not mapped gives undefined or false, which is -EFAULT to the guest.
 */
export class GuestAccess {
  readonly abi: Abi;
  private readonly memory: DomainMemory;
  /** Physical address of a linear one, below 0 when it is not mapped. */
  private readonly translate: (linear: number) => number;

  constructor(memory: DomainMemory, abi: Abi, translate: (linear: number) => number) {
    this.memory = memory;
    this.abi = abi;
    this.translate = translate;
  }

  readBytes(address: number, bytes: number): Uint8Array | undefined {
    const copy = new Uint8Array(bytes);
    const ok = this.forEachPiece(address, bytes, (physical, at, length) => {
      copy.set(this.memory.u8.subarray(physical, physical + length), at);
    });
    return ok ? copy : undefined;
  }

  writeBytes(address: number, bytes: Uint8Array): boolean {
    return this.forEachPiece(address, bytes.length, (physical, at, length) => {
      this.memory.u8.set(bytes.subarray(at, at + length), physical);
    });
  }

  /**
   * Entries `from` on of an array of unsigned longs: frame numbers, indexes. One beyond 2^32 reads as 2^32 - 1, which no
   * frame has.
   */
  readLongs(address: number, from: number, count: number): Uint32Array | undefined {
    if (this.abi === 'x86_32') return this.readWords(address + from * 4, count);
    const words = this.readWords(address + from * 8, count * 2);
    return words?.filter((_, i) => i % 2 === 0).map((low, i) => (words[i * 2 + 1] === 0 ? low : 0xffffffff));
  }

  /** `count` u32 words. */
  readWords(address: number, count: number): Uint32Array | undefined {
    const bytes = this.readBytes(address, count * 4);
    return bytes === undefined ? undefined : new Uint32Array(bytes.buffer);
  }

  writeWords(address: number, words: Uint32Array): boolean {
    return this.writeBytes(address, new Uint8Array(words.buffer));
  }

  read<Names extends string>(struct: Struct<Names>, address: number): Fields<Names> | undefined {
    const bytes = this.readBytes(address, sizeOf(struct, this.abi));
    return bytes === undefined ? undefined : flat(readStruct(struct, this.abi, bytes));
  }

  /** Writes the given members and leaves the others as they are. */
  write(struct: Struct, address: number, value: StructInput): boolean {
    const bytes = this.readBytes(address, sizeOf(struct, this.abi));
    if (bytes === undefined) return false;
    writeStruct(struct, this.abi, bytes, 0, value);
    return this.writeBytes(address, bytes);
  }

  /** Goes through a range page by page. False, with nothing done, when a page of it is not mapped. */
  private forEachPiece(
    address: number,
    bytes: number,
    use: (physical: number, at: number, length: number) => void,
  ): boolean {
    const pieces: [number, number, number][] = [];
    for (let at = 0; at < bytes;) {
      const linear = (address + at) >>> 0;
      const physical = this.translate(linear);
      if (physical < 0) return false;
      const length = Math.min(bytes - at, PAGE_SIZE - (linear % PAGE_SIZE));
      pieces.push([physical, at, length]);
      at += length;
    }
    for (const [physical, at, length] of pieces) use(physical, at, length);
    return true;
  }
}

const flat = <Names extends string>(value: StructValue): Fields<Names> => {
  const fields: Record<string, number> = {};
  const collect = (inner: StructValue, prefix: string): void => {
    for (const [name, member] of Object.entries(inner)) {
      if (typeof member === 'number') fields[prefix + name] = member;
      else if (isInner(member)) collect(member, `${prefix}${name}.`);
    }
  };
  collect(value, '');
  return fields as Fields<Names>;
};

const isInner = (member: StructValue[string]): member is StructValue =>
  typeof member === 'object' && !Array.isArray(member) && !ArrayBuffer.isView(member);
