/**
 * Structs in memory as plain objects, for hypercall arguments, dumps and tests. Not for hot paths: those take offsets
 * from `offsetsOf` once and read words.
 */
import type {Abi, Struct} from './ctype.ts';
import {isStruct, placementOf} from './layout.ts';
import type {Field, FieldKind, Member} from './layout.ts';

/** A 64-bit integer without loss: low word, high word, both unsigned. */
export type Words = readonly [lo: number, hi: number];

export type Value = number | Words | Uint8Array | readonly number[] | StructValue | readonly StructValue[];

/**
 * Members by name; those of unnamed structs stand among the outer ones. Arrays of bytes are Uint8Arrays (copies), other
 * arrays plain ones. A union has all of its members.
 */
export interface StructValue {
  readonly [name: string]: Value;
}

type InputValue = number | Words | ArrayLike<number> | StructInput | readonly StructInput[];

/** Members that are left out keep what memory holds. */
export interface StructInput {
  readonly [name: string]: InputValue | undefined;
}

type TopLevel<Name extends string> = Name extends `${string}.${string}` ? never : Name;

/** Input of one struct, its own members checked by name. */
export type InputOf<Names extends string> = {readonly [Name in TopLevel<Names>]?: InputValue};

const TWO_32 = 2 ** 32;

type Read = (view: DataView, at: number) => number;
type Write = (view: DataView, at: number, value: number) => void;

const writeU64: Write = (view, at, value) => {
  view.setUint32(at, value, true);
  view.setUint32(at + 4, Math.floor(value / TWO_32), true);
};

/** 64-bit integers are exact up to 2^53 and rounded above. */
const CODEC: Readonly<Record<string, {read: Read; write: Write}>> = {
  u8: {read: (view, at) => view.getUint8(at), write: (view, at, value) => view.setUint8(at, value)},
  i8: {read: (view, at) => view.getInt8(at), write: (view, at, value) => view.setInt8(at, value)},
  u16: {read: (view, at) => view.getUint16(at, true), write: (view, at, value) => view.setUint16(at, value, true)},
  i16: {read: (view, at) => view.getInt16(at, true), write: (view, at, value) => view.setInt16(at, value, true)},
  u32: {read: (view, at) => view.getUint32(at, true), write: (view, at, value) => view.setUint32(at, value, true)},
  i32: {read: (view, at) => view.getInt32(at, true), write: (view, at, value) => view.setInt32(at, value, true)},
  u64: {read: (view, at) => view.getUint32(at + 4, true) * TWO_32 + view.getUint32(at, true), write: writeU64},
  i64: {read: (view, at) => view.getInt32(at + 4, true) * TWO_32 + view.getUint32(at, true), write: writeU64},
};

/** A pointer is an integer of its size. */
const codecOf = (kind: FieldKind, bytes: number) => CODEC[kind in CODEC ? kind : bytes === 8 ? 'u64' : 'u32'];

interface ReadOptions {
  readonly abi: Abi;
  /** How 64-bit integers and pointers are given: as numbers (rounded above 2^53), or as two words. */
  readonly u64: 'number' | 'words';
}

const readScalar = (
  view: DataView,
  at: number,
  kind: FieldKind,
  bytes: number,
  options: ReadOptions,
): number | Words =>
  bytes === 8 && options.u64 === 'words'
    ? [view.getUint32(at, true), view.getUint32(at + 4, true)]
    : codecOf(kind, bytes).read(view, at);

const readBits = (view: DataView, at: number, {kind, size, bits}: Field): number => {
  const [first, width] = bits ?? [0, size * 8];
  return Math.floor(codecOf(kind, size).read(view, at) / 2 ** first) % 2 ** width;
};

const readArray = (view: DataView, at: number, member: Member, options: ReadOptions): Value => {
  const {field, ctype} = member;
  const {count = 0, esize = 1, kind} = field;
  const places = Array.from({length: count}, (_, i) => at + i * esize);
  if (isStruct(ctype)) return places.map((place) => readMembers(view, place, ctype, options));
  if (esize === 1) return new Uint8Array(view.buffer, view.byteOffset + at, count).slice();
  return places.map((place) => codecOf(kind, esize).read(view, place));
};

const readMember = (view: DataView, at: number, member: Member, options: ReadOptions): Value => {
  const {field, ctype} = member;
  if (field.count !== undefined) return readArray(view, at, member, options);
  if (isStruct(ctype)) return readMembers(view, at, ctype, options);
  if (field.bits !== undefined) return readBits(view, at, field);
  return readScalar(view, at, field.kind, field.size, options);
};

const readMembers = (view: DataView, start: number, struct: Struct, options: ReadOptions): StructValue => {
  const value: Record<string, Value> = {};
  for (const member of placementOf(struct, options.abi).members) {
    const read = readMember(view, start + member.field.offset, member, options);
    if (member.field.name === '') Object.assign(value, read);
    else value[member.field.name] = read;
  }
  return value;
};

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The struct at byte `at`. Flexible arrays are empty. Throws RangeError when it is not within `bytes`. */
export const readStruct = (
  struct: Struct,
  abi: Abi,
  bytes: Uint8Array,
  at = 0,
  u64: ReadOptions['u64'] = 'number',
): StructValue => readMembers(viewOf(bytes), at, struct, {abi, u64});

const isWords = (value: InputValue): value is Words => Array.isArray(value) && value.length === 2;

const writeScalar = (view: DataView, at: number, kind: FieldKind, bytes: number, value: InputValue): void => {
  if (isWords(value)) {
    view.setUint32(at, value[0], true);
    view.setUint32(at + 4, value[1], true);
  } else codecOf(kind, bytes).write(view, at, value as number);
};

const writeBits = (view: DataView, at: number, {kind, size, bits}: Field, value: number): void => {
  const [first, width] = bits ?? [0, size * 8];
  const {read, write} = codecOf(kind, size);
  const unit = read(view, at);
  const old = Math.floor(unit / 2 ** first) % 2 ** width;
  write(view, at, unit + ((value % 2 ** width) - old) * 2 ** first);
};

const writeArray = (view: DataView, at: number, {field, ctype}: Member, abi: Abi, values: ArrayLike<unknown>): void => {
  const {count = 0, esize = 1, kind} = field;
  for (let i = 0; i < Math.min(count, values.length); i++) {
    const value = values[i] as InputValue;
    if (isStruct(ctype)) writeMembers(view, at + i * esize, ctype, abi, value as StructInput);
    else writeScalar(view, at + i * esize, kind, esize, value);
  }
};

const writeMember = (view: DataView, at: number, member: Member, abi: Abi, value: InputValue): void => {
  const {field, ctype} = member;
  if (field.count !== undefined) writeArray(view, at, member, abi, value as ArrayLike<unknown>);
  else if (isStruct(ctype)) writeMembers(view, at, ctype, abi, value as StructInput);
  else if (field.bits !== undefined) writeBits(view, at, field, value as number);
  else writeScalar(view, at, field.kind, field.size, value);
};

const writeMembers = (view: DataView, start: number, struct: Struct, abi: Abi, input: StructInput): void => {
  for (const member of placementOf(struct, abi).members) {
    const value = member.field.name === '' ? input : input[member.field.name];
    if (value !== undefined) writeMember(view, start + member.field.offset, member, abi, value);
  }
};

/**
 * Writes the given members of the struct at byte `at`, field by field: padding and everything left out keep their
 * bytes. Throws RangeError when a field is not within `bytes`.
 */
export const writeStruct = <Names extends string>(
  struct: Struct<Names>,
  abi: Abi,
  bytes: Uint8Array,
  at: number,
  value: InputOf<NoInfer<Names>>,
): void => writeMembers(viewOf(bytes), at, struct, abi, value);
