/** Prints layouts as pahole does: offset and size of each member, holes, cache lines, padding. */
import {findStruct, structsOn} from './catalogue.ts';
import {ABIS} from './ctype.ts';
import type {Abi, Struct} from './ctype.ts';
import {isStruct, placementOf} from './layout.ts';
import type {Field, Member, Placement} from './layout.ts';
import {nearNames} from './near-names.ts';

const CACHELINE_BYTES = 64;
const INDENT_COLUMNS = 8;
const TYPE_COLUMNS = 26;
/** Columns before the comment. pahole gives the members of a union two less. */
const COMMENT_COLUMN = {struct: 49, union: 47} as const;

const bytesText = (n: number): string => (n === 1 ? '1 byte' : `${n} bytes`);

/** Bits from the start of the struct: first of the member, first behind it. */
const bitRange = ({offset, size, bits}: Field): readonly [start: number, end: number] => {
  const [first, width] = bits ?? [0, size * 8];
  return [offset * 8 + first, offset * 8 + first + width];
};

/** Unused bytes at the end of a struct. */
const paddingOf = ({size, members}: Placement): number =>
  size - Math.ceil(Math.max(0, ...members.map(({field}) => bitRange(field)[1])) / 8);

/** Unused bytes between each member and the one before. */
const holesOf = ({members}: Placement): readonly number[] =>
  members.map(({field}, i) => {
    const end = i === 0 ? 0 : bitRange(members[i - 1].field)[1];
    return Math.max(0, Math.floor((bitRange(field)[0] - end) / 8));
  });

/** Padding inside a member that is itself a struct. */
const innerPadding = ({field, ctype}: Member, abi: Abi): number =>
  isStruct(ctype) && ctype.form === 'struct' && field.count === undefined ? paddingOf(placementOf(ctype, abi)) : 0;

class Printer {
  readonly lines: string[] = [];
  private readonly abi: Abi;
  private readonly column: number;

  constructor(struct: Struct, abi: Abi) {
    this.abi = abi;
    this.column = COMMENT_COLUMN[struct.form];
    const tagged = struct.label.startsWith(`${struct.form} `);
    this.lines.push(tagged ? `${struct.label} {` : `typedef ${struct.form} {`);
    this.members(struct, 1, 0);
    this.summary(struct);
    this.lines.push(tagged ? '};' : `} ${struct.label};`);
  }

  private members(struct: Struct, depth: number, start: number): void {
    const placement = placementOf(struct, this.abi);
    const holes = struct.form === 'struct' ? holesOf(placement) : [];
    let cacheline = 0;
    for (const [i, member] of placement.members.entries()) {
      const {offset} = member.field;
      if (holes[i] > 0) this.remark(depth, `XXX ${bytesText(holes[i])} hole, try to pack`);
      if (i > 0 && offset < placement.members[i - 1].field.offset && struct.form === 'struct')
        this.remark(depth, 'Bitfield combined with previous fields');
      if (depth === 1) cacheline = this.cacheline(offset, cacheline);
      this.member(member, depth, start);
      const padding = depth === 1 && struct.form === 'struct' ? innerPadding(member, this.abi) : 0;
      if (padding > 0) this.remark(depth, `XXX last struct has ${bytesText(padding)} of padding`);
    }
  }

  private member({field, ctype}: Member, depth: number, start: number): void {
    const suffix = field.count === undefined ? '' : `[${field.count === 0 ? '' : field.count}]`;
    const at = start + field.offset;
    const place = this.placeText(field, at);
    if (isStruct(ctype) && ctype.name === '') {
      this.lines.push(`${'\t'.repeat(depth)}${ctype.label} {`);
      this.members(ctype, depth + 1, at);
      const name = field.name === '' ? '' : ` ${field.name}${suffix}`;
      this.commented(depth, `}${name};`, place);
    } else {
      const bits = field.bits === undefined ? '' : `:${field.bits[1]}`;
      const type = field.type.padEnd(TYPE_COLUMNS - INDENT_COLUMNS * (depth - 1));
      this.commented(depth, `${type} ${field.name}${suffix}${bits};`, place);
    }
  }

  private placeText({size, bits}: Field, at: number): string {
    const offset = String(at).padStart(5);
    if (bits === undefined) return `${offset} ${String(size).padStart(5)}`;
    return `${offset}:${String(bits[0]).padStart(2)} ${String(size).padStart(2)}`;
  }

  private commented(depth: number, text: string, comment: string): void {
    const columns = this.column - INDENT_COLUMNS * (depth - 1) - 1;
    this.lines.push(`${'\t'.repeat(depth)}${text.padEnd(columns)} /* ${comment} */`);
  }

  /** A comment between empty lines; neighbours share them. */
  private remark(depth: number, text: string): void {
    if (this.lines.at(-1) !== '') this.lines.push('');
    this.lines.push(`${'\t'.repeat(depth)}/* ${text} */`, '');
  }

  private cacheline(offset: number, last: number): number {
    const line = Math.floor(offset / CACHELINE_BYTES);
    if (line <= last) return last;
    const past = offset % CACHELINE_BYTES;
    const ago = past === 0 ? '' : ` was ${past} bytes ago`;
    this.lines.push(`\t/* --- cacheline ${line} boundary (${line * CACHELINE_BYTES} bytes)${ago} --- */`);
    return line;
  }

  private summary(struct: Struct): void {
    const placement = placementOf(struct, this.abi);
    const {size, members} = placement;
    if (this.lines.at(-1) !== '') this.lines.push('');
    const say = (text: string) => this.lines.push(`\t/* ${text} */`);
    say(`size: ${size}, cachelines: ${Math.ceil(size / CACHELINE_BYTES)}, members: ${members.length}`);
    if (struct.form === 'struct') this.unused(placement, say);
    if (size % CACHELINE_BYTES !== 0) say(`last cacheline: ${size % CACHELINE_BYTES} bytes`);
  }

  private unused(placement: Placement, say: (text: string) => void): void {
    const holes = holesOf(placement).filter((hole) => hole > 0);
    const sumHoles = holes.reduce((sum, hole) => sum + hole, 0);
    const padding = paddingOf(placement);
    if (sumHoles > 0)
      say(`sum members: ${placement.size - padding - sumHoles}, holes: ${holes.length}, sum holes: ${sumHoles}`);
    if (padding > 0) say(`padding: ${padding}`);
    const paddings = placement.members.map((member) => innerPadding(member, this.abi)).filter((each) => each > 0);
    if (paddings.length > 0)
      say(`paddings: ${paddings.length}, sum paddings: ${paddings.reduce((sum, each) => sum + each, 0)}`);
  }
}

export type ShowResult =
  | {readonly ok: true; readonly text: string}
  | {readonly ok: false; readonly message: string; readonly suggestions: readonly string[]};

const unknownStruct = (name: string, abi: Abi): ShowResult => {
  const elsewhere = ABIS.find((other) => findStruct(name, other) !== undefined);
  if (elsewhere !== undefined)
    return {ok: false, message: `"${name}" exists on ${elsewhere}, not on ${abi}`, suggestions: []};
  const suggestions = nearNames(name.replace(/^(struct|union)\s+/, ''), structNames(abi));
  const hint = suggestions.length === 0 ? '' : `; did you mean ${suggestions.join(', ')}?`;
  return {ok: false, message: `unknown struct "${name}"${hint}`, suggestions};
};

/** The names that `showStruct` knows on an ABI, sorted. */
export const structNames = (abi: Abi): readonly string[] => structsOn(abi).map(({name}) => name);

/**
 * A struct or union, by tag or typedef, as text that ends with a newline; or one line that says why not. A name that is
 * nearly right gets suggestions.
 */
export const showStruct = (name: string, abi: Abi): ShowResult => {
  const found = findStruct(name, abi);
  if (found === undefined) return unknownStruct(name, abi);
  return {ok: true, text: `${new Printer(found.struct, abi).lines.join('\n')}\n`};
};
