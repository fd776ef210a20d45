/** All structs, rings and constants of the headers by name. */
import type {Abi, ArrayType, Scalar, Struct} from './ctype.ts';
import {HEADERS} from './headers.ts';
import type {RingTypes} from './io/ring.ts';
import {existsOn, isStruct, onAbi} from './layout.ts';

export interface NamedStruct {
  /** Tag, or typedef of a struct without tag. */
  readonly name: string;
  /** Path below the public headers: `io/blkif.h`. */
  readonly header: string;
  readonly struct: Struct;
}

export type Constant = number | bigint | string;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const isCType = (value: unknown): value is Scalar | ArrayType | Struct => isObject(value) && 'form' in value;

const isRingTypes = (value: unknown): value is RingTypes => isObject(value) && 'sring' in value;

const structsOf = (value: unknown): readonly Struct[] => {
  if (isRingTypes(value)) return [value.entry, value.sring];
  return isCType(value) && isStruct(value) ? [value] : [];
};

const everything = Object.entries(HEADERS).flatMap(([header, exports]) =>
  Object.entries(exports).map(([name, value]) => ({header, name, value})),
);

/** A typedef under another name than its struct's is no struct of its own. */
const isOwnName = (name: string, struct: Struct, value: unknown): boolean => isRingTypes(value) || name === struct.name;

/** All structs and unions that exist on an ABI, sorted by name. */
export const structsOn = (abi: Abi): readonly NamedStruct[] =>
  everything
    .flatMap(({header, name, value}) =>
      structsOf(value)
        .filter((struct) => existsOn(struct, abi) && isOwnName(name, struct, value))
        .map((struct) => ({name: struct.name, header, struct})),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));

/** Typedefs that are not the tag with `_t` behind it. */
const oddTypedefs = (): ReadonlyMap<string, string> =>
  new Map(
    everything.flatMap(({name, value}) =>
      isCType(value) && isStruct(value) && value.name !== name ? [[name, value.name] as const] : [],
    ),
  );

/** A struct by tag (`blkif_request`, `struct blkif_request`) or typedef (`blkif_request_t`). */
export const findStruct = (name: string, abi: Abi): NamedStruct | undefined => {
  const bare = name.trim().replace(/^(struct|union)\s+/, '');
  const candidates = [bare, oddTypedefs().get(bare), bare.replace(/_t$/, '')];
  const structs = structsOn(abi);
  for (const candidate of candidates) {
    const found = structs.find((each) => each.name === candidate);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** All DEFINE_RING_TYPES by tag: `blkif`, `netif_tx`, ... */
export const RINGS: ReadonlyMap<string, RingTypes> = new Map(
  everything.flatMap(({value}) => (isRingTypes(value) ? [[value.tag, value] as const] : [])),
);

/** The scalar and array typedefs of one header by name. */
export const scalarsOf = (header: string): ReadonlyMap<string, Scalar | ArrayType> =>
  new Map(
    Object.entries(HEADERS[header] ?? {}).flatMap(([name, value]) =>
      isCType(value) && !isStruct(value) ? [[name, value] as const] : [],
    ),
  );

const isConstant = (value: unknown): value is Constant => ['number', 'bigint', 'string'].includes(typeof value);

/** Headers that only one ABI includes. */
const ONLY_ABI: Readonly<Record<string, Abi>> = {'arch-x86/xen-x86_32.h': 'x86_32', 'arch-x86/xen-x86_64.h': 'x86_64'};

/** The constants of one header by name, as an ABI sees them. */
export const constantsOf = (header: string, abi: Abi): ReadonlyMap<string, Constant> => {
  if ((ONLY_ABI[header] ?? abi) !== abi) return new Map();
  const exports = Object.entries(HEADERS[header] ?? {});
  return new Map(
    exports.flatMap(([name, value]) => {
      const constant = onAbi<unknown>(value, abi);
      return isConstant(constant) ? [[name, constant] as const] : [];
    }),
  );
};
