import {
  SCSI_DIRECTION,
  type ScsiPeerRequest,
  type ScsiPeerResponse,
  type ScsiSegment,
} from '../../peers/scsi-frontend.ts';
import type {VscsiBackendStand} from '../../stand/vscsi-backend.ts';

export const BLOCK_BYTES = 512;
export const PAGE_BYTES = 4096;
/** A reference that the guest has granted to nobody. */
export const NO_GRANT = 500;

/** @see vscsiif.h, XEN_VSCSIIF_RSLT_HOST_* */
export const HOST = {ok: 0, noConnect: 1, abort: 5, error: 7, reset: 8} as const;
export const CHECK_CONDITION = 2;
export const RESET_SUCCESS = 0x2002;
export const RESET_FAILED = 0x2003;

export const hostOf = (rslt: number): number => (rslt >>> 16) & 0xff;

/** What is due of an answer. */
interface Due {
  readonly name: string;
  readonly holds: (response: ScsiPeerResponse) => boolean;
}

export const rslt = (value: number): Due => ({
  name: `rslt 0x${value.toString(16)}`,
  holds: (response) => response.rslt === value,
});
export const GOOD = rslt(0);
export const REFUSED: Due = {name: 'a host error', holds: (response) => hostOf(response.rslt) !== HOST.ok};
export const HOST_ERROR = rslt(HOST.error << 16);
export const NO_CONNECT = rslt(HOST.noConnect << 16);

/** A request whose answer is known. */
export interface Case {
  readonly what: string;
  readonly request: ScsiPeerRequest;
  readonly due: Due;
}

/** Each request is answered as it should, one after another, and nothing of it stays mapped. */
export const mustAnswer = async (stand: VscsiBackendStand, cases: readonly Case[]): Promise<void> => {
  let rqid = 100;
  for (const {what, request, due} of cases) {
    rqid++;
    const response = await stand.request({...request, rqid});
    stand.must(response.rqid === rqid, `${what}: an answer to rqid ${response.rqid}`, `one to ${rqid}`);
    stand.must(due.holds(response), `${what}: rslt 0x${response.rslt.toString(16)}`, due.name);
  }
};

/** The ring alone is mapped, and the unit serves. */
export const mustStand = async (stand: VscsiBackendStand): Promise<void> => {
  stand.must(stand.mappings === 1, () => `${stand.mappings} pages are mapped`, 'the ring alone');
  stand.must(await stand.serves(), 'a unit that is there is not ready', 'service goes on');
};

export const testUnitReady: ScsiPeerRequest = {cdb: [0, 0, 0, 0, 0, 0]};

/** READ (10) and WRITE (10). */
const transfer = (opcode: number, direction: number) => (block: number, segments: readonly ScsiSegment[]) => {
  const bytes = segments.reduce((sum, {length = PAGE_BYTES}) => sum + length, 0);
  return {cdb: transferCdb(opcode, block, Math.ceil(bytes / BLOCK_BYTES)), direction, segments};
};
export const read = transfer(0x28, SCSI_DIRECTION.in);
export const write = transfer(0x2a, SCSI_DIRECTION.out);

const transferCdb = (opcode: number, block: number, blocks: number): number[] => [
  opcode,
  0,
  0,
  0,
  block >>> 8,
  block & 0xff,
  0,
  blocks >>> 8,
  blocks & 0xff,
  0,
];

/** A command that no disk knows: CHECK CONDITION, ILLEGAL REQUEST. */
export const unknownCommand: ScsiPeerRequest = {cdb: [0xff, 0, 0, 0, 0, 0]};

/** A page of bytes that tell where they come from. */
export const pattern = (bytes: Uint8Array, seed: number): Uint8Array => {
  for (let i = 0; i < bytes.length; i++) bytes[i] = (seed * 31 + (i >> 9) * 7 + i) & 0xff;
  return bytes.slice();
};

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
