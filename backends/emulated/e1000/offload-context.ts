/** What a context descriptor says of the frames after it: offsets are bytes from the frame's begin. @see SDM, "TCP/IP Context Descriptor Layout" */
export interface OffloadContext {
  readonly ip: ChecksumPlace;
  readonly transport: ChecksumPlace;
  readonly headerBytes: number;
  readonly mss: number;
  readonly isIpv4: boolean;
  readonly isTcp: boolean;
}

/** A checksum goes to `at`; it is that of `from` up to `last`, or up to the frame's end where `last` is 0. */
export interface ChecksumPlace {
  readonly from: number;
  readonly at: number;
  readonly last: number;
}

const TUCMD_TCP = 1 << 24;
const TUCMD_IP = 1 << 25;

export const parseContext = (words: Uint32Array): OffloadContext => ({
  ip: parsePlace(words[0]),
  transport: parsePlace(words[1]),
  headerBytes: (words[3] >>> 8) & 0xff,
  mss: words[3] >>> 16,
  isIpv4: (words[2] & TUCMD_IP) !== 0,
  isTcp: (words[2] & TUCMD_TCP) !== 0,
});

const parsePlace = (word: number): ChecksumPlace => ({from: word & 0xff, at: (word >>> 8) & 0xff, last: word >>> 16});

const nowhere: ChecksumPlace = {from: 0, at: 0, last: 0};

/** Before the driver has said anything. */
export const NO_CONTEXT: OffloadContext = {
  ip: nowhere,
  transport: nowhere,
  headerBytes: 0,
  mss: 0,
  isIpv4: false,
  isTcp: false,
};
