import {outstandingOf} from '../outstanding.ts';
import {cellsOf, type PaperTable} from '../paper-table.ts';

const KIB = 1024;

interface At {
  /** Of a request at most; up to 11 are not indirect. */
  readonly segments: number;
  readonly isWhole: boolean;
}

/** KiB of one request, or of all that one ring has under way. */
const model = async ({segments, isWhole}: At): Promise<number> => {
  const {requests, bytes} = await outstandingOf(segments);
  return bytes / KIB / (isWhole ? 1 : requests);
};

const request = (segments: number): string => `${segments} segments, a request`;
const ring = (segments: number): string => `${segments} segments, the ring`;

export const p08: PaperTable = {
  id: 'P8',
  claim: 'Indirect descriptors lift what one ring has under way from 1.4 MB',
  source: 'RFC v1 of the block protocol overhaul, xen-devel 2013-01; Linux commit 402b27f9',
  certainty: 'read',
  priceList: 'dall2016-x86',
  unit: 'KiB under way',
  setups: [],
  software: [],
  counts: 'blkfront and blkback at a disk that never answers; no price enters',
  cells: cellsOf(
    [
      {name: request(11), published: 44, segments: 11, isWhole: false},
      {name: ring(11), published: 1.4 * KIB, segments: 11, isWhole: true},
      {name: request(32), published: 32 * 4, certainty: 'derived', segments: 32, isWhole: false},
      {name: ring(32), published: 32 * 32 * 4, certainty: 'derived', segments: 32, isWhole: true},
      {name: request(256), published: 256 * 4, certainty: 'derived', segments: 256, isWhole: false},
    ],
    model,
  ),
  ratios: [
    {name: '32 segments, the default of Linux: against 11', of: ring(32), to: ring(11)},
    {name: '256 segments, the most: a request against one of 11', of: request(256), to: request(11)},
    {name: 'the ring against a request', of: ring(11), to: request(11)},
  ],
  shapes: [
    {says: '11 segments: 44 KiB a request, exactly', holds: (value) => value(request(11)) === 44},
    {says: '11 segments: 32 requests, 1408 KiB, exactly', holds: (value) => value(ring(11)) === 32 * 44},
  ],
  lacks: 'nothing: the protocol says all of it. The 1.4 MB are 1408 KiB',
};
