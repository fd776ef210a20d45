/** Where the members of a struct lie, computed by the rules of the System V ABIs for x86_64 and i386. */
import type {Abi, ArrayType, BitField, ByAbi, CType, PerAbi, Row, Scalar, ScalarKind, Struct} from './ctype.ts';

export type FieldKind = ScalarKind | 'struct' | 'union';

/** One member, as shared by layouts, accessors and dumps. Offsets and sizes in bytes. */
export interface Field {
  /** Members of untagged inner structs are spelt out with dots: `u.gso.size`; `x[].y` is of element 0 of array x. */
  readonly name: string;
  /** From the start of the outermost struct. */
  readonly offset: number;
  /** Of the whole member: an array's is `count * esize`. */
  readonly size: number;
  /** As the header spells it. */
  readonly type: string;
  readonly kind: FieldKind;
  /** Elements of an array; 0 for a flexible one. */
  readonly count?: number;
  /** Bytes of one element of an array. */
  readonly esize?: number;
  /** Bit-field: first bit and width, from bit 0 of the little-endian unit at `offset`. */
  readonly bits?: readonly [first: number, width: number];
}

export interface Layout {
  readonly name: string;
  readonly kind: 'struct' | 'union';
  readonly abi: Abi;
  readonly size: number;
  readonly align: number;
  /** Direct members and those of untagged inner structs, in the header's order. */
  readonly fields: readonly Field[];
}

/** A direct member, with the type that its own members can be found by. */
export interface Member {
  readonly field: Field;
  readonly ctype: CType;
}

/** The direct members of a struct; offsets from its own start. Unnamed members have name ''. */
export interface Placement {
  readonly size: number;
  readonly align: number;
  readonly members: readonly Member[];
}

const isByAbi = <T>(value: PerAbi<T>): value is ByAbi<T> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !('form' in value) &&
  ('x86_64' in value || 'x86_32' in value);

/** What `value` is on one ABI; undefined where it does not exist. */
export const onAbi = <T>(value: PerAbi<T>, abi: Abi): T | undefined => (isByAbi(value) ? value[abi] : value);

const required = <T>(value: T | undefined, what: string, abi: Abi): T => {
  if (value === undefined) throw new Error(`${what} does not exist on ${abi}`);
  return value;
};

const SCALAR_BYTES: Readonly<Record<Abi, Readonly<Record<ScalarKind, number>>>> = {
  x86_64: {u8: 1, u16: 2, u32: 4, u64: 8, i8: 1, i16: 2, i32: 4, i64: 8, ptr: 8, ptr64: 8},
  x86_32: {u8: 1, u16: 2, u32: 4, u64: 8, i8: 1, i16: 2, i32: 4, i64: 8, ptr: 4, ptr64: 8},
};

/** i386 aligns 64-bit integers in structs to 4 bytes; the tools' 64-bit handles ask for 8. */
const scalarAlign = (kind: ScalarKind, abi: Abi): number =>
  abi === 'x86_32' && (kind === 'u64' || kind === 'i64') ? 4 : SCALAR_BYTES[abi][kind];

interface Shape {
  readonly size: number;
  readonly align: number;
  readonly kind: FieldKind;
  readonly type: string;
  /** An array typedef brings its count along. */
  readonly count?: number;
}

const scalarShape = (type: Scalar, abi: Abi): Shape => {
  const label = required(onAbi(type.label, abi), 'a type', abi);
  const kind = required(onAbi(type.kind, abi), label, abi);
  return {size: SCALAR_BYTES[abi][kind], align: type.align ?? scalarAlign(kind, abi), kind, type: label};
};

const shapeOf = (type: CType, abi: Abi): Shape => {
  switch (type.form) {
    case 'scalar':
      return scalarShape(type, abi);
    case 'array':
      return {...scalarShape(type.element, abi), type: type.label, count: type.count};
    case 'bits':
      return scalarShape(type.unit, abi);
    default: {
      const {size, align} = placementOf(type, abi);
      return {size, align, kind: type.form, type: type.label};
    }
  }
};

const alignUp = (n: number, align: number): number => Math.ceil(n / align) * align;

/** Rule of both ABIs: a bit-field shares its unit with what lies before it unless it would cross the unit's end. */
const placeBits = (type: BitField, unitBytes: number, freeBit: number): {offset: number; first: number} => {
  const unitBits = unitBytes * 8;
  const crosses = Math.floor(freeBit / unitBits) !== Math.floor((freeBit + type.width - 1) / unitBits);
  const start = crosses ? alignUp(freeBit, unitBits) : freeBit;
  return {offset: Math.floor(start / unitBits) * unitBytes, first: start % unitBits};
};

/** Places one row behind `freeBit`, the first bit that no earlier member uses. */
const placeRow = (row: Row, abi: Abi, freeBit: number): {member: Member; align: number; endBit: number} | undefined => {
  const ctype = onAbi(row[1], abi);
  if (ctype === undefined) return undefined;
  const {size, align, kind, type, count: ownCount} = shapeOf(ctype, abi);
  const base = {name: row[0], type, kind};
  if (ctype.form === 'bits') {
    const {offset, first} = placeBits(ctype, size, freeBit);
    const field: Field = {...base, offset, size, bits: [first, ctype.width]};
    return {member: {field, ctype}, align, endBit: offset * 8 + first + ctype.width};
  }
  const offset = alignUp(Math.ceil(freeBit / 8), align);
  const count = row[2] === undefined ? ownCount : required(onAbi(row[2], abi), `count of ${row[0]}`, abi);
  const field: Field =
    count === undefined ? {...base, offset, size} : {...base, offset, size: size * count, count, esize: size};
  return {member: {field, ctype}, align, endBit: (offset + field.size) * 8};
};

const place = (struct: Struct, abi: Abi): Placement => {
  const rows = required(onAbi(struct.rows, abi), struct.label, abi);
  const members: Member[] = [];
  let align = 1;
  let endBit = 0;
  for (const row of rows) {
    const placed = placeRow(row, abi, struct.form === 'union' ? 0 : endBit);
    if (placed === undefined) continue;
    members.push(placed.member);
    align = Math.max(align, placed.align);
    endBit = Math.max(endBit, placed.endBit);
  }
  return {size: alignUp(Math.ceil(endBit / 8), align), align, members};
};

/** Keyed by rows: a struct and its typedefs share them. */
const placements: Readonly<Record<Abi, WeakMap<object, Placement>>> = {x86_64: new WeakMap(), x86_32: new WeakMap()};

/** Direct members of a struct. Throws when the struct does not exist on the ABI (@see existsOn). */
export const placementOf = (struct: Struct, abi: Abi): Placement => {
  const known = placements[abi].get(struct.rows);
  if (known !== undefined) return known;
  const placement = place(struct, abi);
  placements[abi].set(struct.rows, placement);
  return placement;
};

export const existsOn = (struct: Struct, abi: Abi): boolean => onAbi(struct.rows, abi) !== undefined;

export const isStruct = (type: CType): type is Struct => type.form === 'struct' || type.form === 'union';

const flatten = (struct: Struct, abi: Abi, prefix: string, start: number, into: Field[]): void => {
  for (const {field, ctype} of placementOf(struct, abi).members) {
    const name = prefix + field.name;
    const offset = start + field.offset;
    if (field.name !== '') into.push({...field, name, offset});
    if (!isStruct(ctype) || ctype.name !== '') continue;
    const inner = field.name === '' ? prefix : `${name}${field.count === undefined ? '' : '[]'}.`;
    flatten(ctype, abi, inner, offset, into);
  }
};

/** Size, alignment and fields of a struct. Throws when the struct does not exist on the ABI (@see existsOn). */
export const layoutOf = (struct: Struct, abi: Abi): Layout => {
  const {size, align} = placementOf(struct, abi);
  const fields: Field[] = [];
  flatten(struct, abi, '', 0, fields);
  return {name: struct.name, kind: struct.form, abi, size, align, fields};
};

/** sizeof, in bytes. */
export const sizeOf = (type: Scalar | ArrayType | Struct, abi: Abi): number => {
  const {size, count} = shapeOf(type, abi);
  return size * (count ?? 1);
};

/** The record is complete on each ABI only for the members that exist there. */
export type Offsets<Names extends string> = Readonly<Record<Names, number>>;

const collectOffsets = (
  struct: Struct,
  abi: Abi,
  prefix: string,
  start: number,
  into: Record<string, number>,
): void => {
  for (const {field, ctype} of placementOf(struct, abi).members) {
    const offset = start + field.offset;
    if (field.name !== '') into[prefix + field.name] = offset;
    if (!isStruct(ctype) || field.count !== undefined) continue;
    collectOffsets(ctype, abi, field.name === '' ? prefix : `${prefix}${field.name}.`, offset, into);
  }
};

/**
 * Byte offsets of all members by name, through nested structs (`arch.max_pfn`), to be taken once and used as constants
 * in hot code: `const {id, sector_number} = offsetsOf(blkif_request, 'x86_64')`. Bit-fields give the offset of their unit.
 */
export const offsetsOf = <Names extends string>(struct: Struct<Names>, abi: Abi): Offsets<Names> => {
  const offsets: Record<string, number> = {};
  collectOffsets(struct, abi, '', 0, offsets);
  return offsets as Offsets<Names>;
};

/** offsetof, in bytes. Throws when the member does not exist on the ABI. */
export const offsetOf = <Names extends string>(struct: Struct<Names>, name: NoInfer<Names>, abi: Abi): number =>
  required((offsetsOf(struct, abi) as Record<string, number | undefined>)[name], `${struct.label} ${name}`, abi);
