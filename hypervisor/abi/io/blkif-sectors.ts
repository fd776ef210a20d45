/**
 * What the sectors of blkif count, in bytes: three quantities that known implementations read in five ways on a disk
 * whose sectors are larger than 512 bytes. The headers of Xen have told it in three ways over the years; 512 bytes
 * throughout, as Linux has it, is what they say now.
 *
 * @see blkif.h, "feature-large-sector-size", and Xen's change "blkif: reconcile protocol specification with in-use
 * implementations"
 */

/** Unit of one quantity: always 512 bytes, or the disk's own sectors. */
type Unit = 512 | 'sector-size';

interface Reading {
  /** The `sectors` node. */
  readonly sectors: Unit;
  /** sector_number and nr_sectors of requests. */
  readonly number: Unit;
  /** first_sect and last_sect of segments. */
  readonly segment: Unit;
  /** The backend refuses sectors above 512 bytes unless the frontend says `feature-large-sector-size`. */
  readonly negotiated: boolean;
}

const readings = {
  linux: {sectors: 512, number: 512, segment: 512, negotiated: false},
  freebsd: {sectors: 'sector-size', number: 'sector-size', segment: 512, negotiated: false},
  qemu: {sectors: 'sector-size', number: 'sector-size', segment: 'sector-size', negotiated: true},
  windows: {sectors: 'sector-size', number: 'sector-size', segment: 'sector-size', negotiated: true},
  minios: {sectors: 'sector-size', number: 512, segment: 512, negotiated: false},
} as const satisfies Record<string, Reading>;

/** An implementation by whose reading an end counts. */
export type SectorReading = keyof typeof readings;

export const sectorReadings = Object.keys(readings) as SectorReading[];

/** Bytes that each quantity counts on one disk. */
export interface SectorUnits {
  readonly sectors: number;
  readonly number: number;
  readonly segment: number;
}

/** `sectorSize`: bytes of the disk's sectors. */
export const sectorUnits = (reading: SectorReading, sectorSize: number): SectorUnits => {
  const bytes = (unit: Unit): number => (unit === 512 ? unit : sectorSize);
  const {sectors, number, segment} = readings[reading];
  return {sectors: bytes(sectors), number: bytes(number), segment: bytes(segment)};
};

/** Whether this implementation negotiates sectors above 512 bytes by `feature-large-sector-size`. */
export const negotiatesSectorSize = (reading: SectorReading): boolean => readings[reading].negotiated;
