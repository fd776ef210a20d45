/**
 * The C types that the public headers are made of, as values. A struct is a table of rows (name, type, count); offsets,
 * sizes and alignments are never written down, `layout.ts` computes them for each ABI.
 */

/** In xenstore's `protocol` node these are "x86_64-abi" and "x86_32-abi" (@see protocols.h). */
export type Abi = 'x86_64' | 'x86_32';
export const ABIS = ['x86_64', 'x86_32'] as const satisfies readonly Abi[];

/** What differs between the ABIs. A missing ABI means that the thing does not exist there. */
export type ByAbi<T> = {readonly x86_64?: T; readonly x86_32?: T};
export type PerAbi<T> = T | ByAbi<T>;

export type ScalarKind = 'u8' | 'u16' | 'u32' | 'u64' | 'i8' | 'i16' | 'i32' | 'i64' | 'ptr' | 'ptr64';

export interface Scalar {
  readonly form: 'scalar';
  readonly label: PerAbi<string>;
  readonly kind: PerAbi<ScalarKind>;
  /** Bytes, where an attribute asks for more than the ABI does. */
  readonly align?: number;
}

/** A typedef of an array of scalars. */
export interface ArrayType {
  readonly form: 'array';
  readonly label: string;
  readonly element: Scalar;
  readonly count: number;
}

export interface BitField {
  readonly form: 'bits';
  readonly unit: Scalar;
  readonly width: number;
}

/** `Names` are the dotted paths of all members, through nested structs and unions (arrays are not entered). */
export interface Struct<Names extends string = string> {
  readonly form: 'struct' | 'union';
  /** The tag, or the typedef of a struct without tag; '' for an untagged one inside another. */
  readonly name: string;
  /** As a field's type is spelt: `struct blkif_request`, `xen_argo_addr_t`, `union`. */
  readonly label: string;
  readonly rows: Rows;
  readonly names?: Names;
}

export type CType = Scalar | ArrayType | BitField | Struct;

/**
 * One field: the header's name ('' for an unnamed struct or union, whose members belong to the outer one), type, and
 * for an array its count. A row whose type does not exist on an ABI is left out there.
 */
export type Row = readonly [name: string, type: PerAbi<CType>, count?: PerAbi<number>];
export type Rows = PerAbi<readonly Row[]>;

/** Count of an array at the end of a struct that takes no room in it. */
export const FLEXIBLE = 0;

type RowNames<R> = R extends readonly [infer Name extends string, infer Type, ...unknown[]]
  ? Name extends ''
    ? NamesIn<Type>
    : Name | (R extends readonly [string, unknown, unknown] ? never : `${Name}.${NamesIn<Type>}`)
  : never;
type NamesIn<Type> = Type extends {readonly names?: infer Names extends string | undefined}
  ? NonNullable<Names>
  : never;
type NamesOf<R> = R extends readonly Row[]
  ? RowNames<R[number]>
  : R extends ByAbi<infer Each extends readonly Row[]>
    ? RowNames<Each[number]>
    : never;

export const struct = <const R extends Rows>(name: string, rows: R): Struct<NamesOf<R>> => ({
  form: 'struct',
  name,
  label: `struct ${name}`,
  rows,
});

export const union = <const R extends Rows>(name: string, rows: R): Struct<NamesOf<R>> => ({
  form: 'union',
  name,
  label: `union ${name}`,
  rows,
});

/** A struct without tag as the type of one member. */
export const inlineStruct = <const R extends Rows>(rows: R): Struct<NamesOf<R>> => ({
  ...struct('', rows),
  label: 'struct',
});

/** A union without tag as the type of one member. */
export const inlineUnion = <const R extends Rows>(rows: R): Struct<NamesOf<R>> => ({
  ...union('', rows),
  label: 'union',
});

/** The same struct, spelt by its typedef. The headers nearly always append `_t` to the tag. */
export const typedef = <Names extends string>(type: Struct<Names>, label = `${type.name}_t`): Struct<Names> => ({
  ...type,
  label,
});

/** A struct that has a typedef but no tag. */
export const untagged = <const R extends Rows>(label: string, rows: R): Struct<NamesOf<R>> => ({
  ...struct(label, rows),
  label,
});

export const scalar = (label: PerAbi<string>, kind: PerAbi<ScalarKind>, align?: number): Scalar =>
  align === undefined ? {form: 'scalar', label, kind} : {form: 'scalar', label, kind, align};

export const arrayType = (label: string, element: Scalar, count: number): ArrayType => ({
  form: 'array',
  label,
  element,
  count,
});

export const bits = (unit: Scalar, width: number): BitField => ({form: 'bits', unit, width});

/** A guest's pointer in a hypercall argument. */
export const handle = (type: string): Scalar => scalar(`XEN_GUEST_HANDLE(${type})`, 'ptr');

/** A guest's pointer that takes 8 bytes on every ABI. */
export const handle64 = (type: string): Scalar =>
  scalar(
    {x86_64: `XEN_GUEST_HANDLE(${type})`, x86_32: `XEN_GUEST_HANDLE_64(${type})`},
    {x86_64: 'ptr', x86_32: 'ptr64'},
  );

export const pointer = (type: string): Scalar => scalar(`${type} *`, 'ptr');

export const uint8_t = scalar('uint8_t', 'u8');
export const uint16_t = scalar('uint16_t', 'u16');
export const uint32_t = scalar('uint32_t', 'u32');
export const uint64_t = scalar('uint64_t', 'u64');
export const int8_t = scalar('int8_t', 'i8');
export const int16_t = scalar('int16_t', 'i16');
export const int32_t = scalar('int32_t', 'i32');
export const int64_t = scalar('int64_t', 'i64');
/** A uint64_t that keeps its alignment of 8 on x86_32. */
export const uint64_aligned_t = scalar('uint64_t', 'u64', 8);
export const char = scalar('char', 'i8');
export const unsigned_char = scalar('unsigned char', 'u8');
export const int = scalar('int', 'i32');
export const unsigned_int = scalar('unsigned int', 'u32');
export const unsigned_long = scalar('unsigned long', {x86_64: 'u64', x86_32: 'u32'});
