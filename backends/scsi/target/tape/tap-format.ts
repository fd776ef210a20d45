/**
 * The SIMH magtape format: data records between two copies of their length, and markers, all in little-endian words.
 * @see SIMH Magtape Representation and Handling (R. Supnik, 2022), "Magtape representation"
 */

export const WORD_BYTES = 4;
/** Of a record: the length before and behind its data. */
export const RECORD_OVERHEAD_BYTES = 2 * WORD_BYTES;

/** A filemark. */
export const TAPE_MARK = 0x0000_0000;
export const END_OF_MEDIUM = 0xffff_ffff;
const ERASE_GAP = 0xffff_fffe;
/** An erase gap of which the first half was overwritten; the rest of it follows two bytes later. */
const HALF_GAP = 0xfffe_ffff;

/** The top four bits of a word. */
const GOOD_DATA = 0x0;
const BAD_DATA = 0x8;
const PRIVATE_MARKER = 0x7;
const TAPE_DESCRIPTION = 0xe;
const LAST_PRIVATE_DATA = 0x6;

/** What a word at the start of an object says. */
export type TapObject =
  | {readonly kind: 'filemark' | 'end'; readonly bytes: number}
  /** Nothing that a drive returns: gaps, and what other programs keep for themselves. */
  | {readonly kind: 'skipped'; readonly bytes: number}
  /** `bytes` with both lengths and the padding to an even number. `bad`: the drive that wrote it could not read it. */
  | {readonly kind: 'record'; readonly bytes: number; readonly dataBytes: number; readonly bad: boolean}
  | {readonly kind: 'reserved'; readonly bytes: number};

/** The file's bytes of a record: its data are padded to an even number. */
export const recordBytes = (dataBytes: number): number => RECORD_OVERHEAD_BYTES + dataBytes + (dataBytes & 1);

const markers: ReadonlyMap<number, TapObject> = new Map([
  [TAPE_MARK, {kind: 'filemark', bytes: WORD_BYTES}],
  [END_OF_MEDIUM, {kind: 'end', bytes: 0}],
  [ERASE_GAP, {kind: 'skipped', bytes: WORD_BYTES}],
  [HALF_GAP, {kind: 'skipped', bytes: WORD_BYTES / 2}],
]);

export const parseTapWord = (word: number): TapObject => {
  const marker = markers.get(word);
  if (marker !== undefined) return marker;
  const kind = word >>> 28;
  const dataBytes = word & 0x0fff_ffff;
  if (kind === GOOD_DATA || kind === BAD_DATA) {
    return {kind: 'record', bytes: recordBytes(dataBytes), dataBytes, bad: kind === BAD_DATA};
  }
  if (kind === PRIVATE_MARKER) return {kind: 'skipped', bytes: WORD_BYTES};
  if (kind <= LAST_PRIVATE_DATA || kind === TAPE_DESCRIPTION) return {kind: 'skipped', bytes: recordBytes(dataBytes)};
  return {kind: 'reserved', bytes: 0};
};
