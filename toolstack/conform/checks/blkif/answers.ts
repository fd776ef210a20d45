import type {BlockRequest, BlockResponse, BlockSegment, GrantedPage} from '../../peers/block-frontend.ts';
import {BLK_OP} from '../../peers/block-frontend.ts';
import type {VbdBackendStand} from '../../stand/vbd-backend.ts';

export const SECTOR_BYTES = 512;
/** Sectors of the stand's disks. */
export const DISK_SECTORS = 2048;

/** A request whose answer is known. */
export interface Case {
  readonly what: string;
  readonly request: BlockRequest;
  /** BLKIF_RSP_*, one of them. */
  readonly due: readonly number[];
}

export const OKAY: readonly number[] = [0];
export const REFUSED: readonly number[] = [-1];
/** Of what may not be known at all. */
export const REFUSED_OR_UNKNOWN: readonly number[] = [-1, -2];

const nameOf = (response: BlockResponse | undefined): string =>
  response === undefined ? 'no answer' : `status ${response.status}`;

/** Each request is answered as it should, one after another. */
export const mustAnswer = async (stand: VbdBackendStand, cases: readonly Case[]): Promise<void> => {
  let id = 100n;
  for (const {what, request, due} of cases) {
    id++;
    const response = await stand.request({...request, id});
    stand.must(
      response?.id === id && due.includes(response.status),
      `${what}: ${nameOf(response)}`,
      `status ${due.join(' or ')}`,
    );
  }
};

/** A page of bytes that tell where they come from. */
export const fillPage = (page: GrantedPage, seed: number): Uint8Array => {
  for (let i = 0; i < page.bytes.length; i++) page.bytes[i] = (seed * 31 + (i >> 9) * 7 + i) & 0xff;
  return page.bytes.slice();
};

export const read = (sector: number | bigint, segments: readonly BlockSegment[]): BlockRequest => ({
  operation: BLK_OP.read,
  sector: BigInt(sector),
  segments,
});

export const write = (sector: number | bigint, segments: readonly BlockSegment[]): BlockRequest => ({
  operation: BLK_OP.write,
  sector: BigInt(sector),
  segments,
});

/** A request whose segments are in a page of their own. */
export const indirect = (
  stand: VbdBackendStand,
  operation: number,
  sector: number,
  segments: readonly BlockSegment[],
  nrSegments = segments.length,
): BlockRequest => ({
  operation: BLK_OP.indirect,
  sector: BigInt(sector),
  indirect: {operation, nrSegments, grefs: [stand.peer.segmentPage(segments).gref]},
});

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
