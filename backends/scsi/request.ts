import {
  scsiif_request_segment,
  VSCSIIF_MAX_COMMAND_SIZE,
  vscsiif_request,
  VSCSIIF_SG_GRANT,
} from '../../hypervisor/abi/io/vscsiif.ts';
import {offsetOf, sizeOf} from '../../hypervisor/abi/layout.ts';

/** The layout has no 64-bit word: it is the same in every ABI. */
const ABI = 'x86_64';

const CMND = offsetOf(vscsiif_request, 'cmnd', ABI);
const CHANNEL = offsetOf(vscsiif_request, 'channel', ABI) / 2;
const ID = offsetOf(vscsiif_request, 'id', ABI) / 2;
const LUN = offsetOf(vscsiif_request, 'lun', ABI) / 2;
const REF_RQID = offsetOf(vscsiif_request, 'ref_rqid', ABI) / 2;
const DIRECTION = offsetOf(vscsiif_request, 'sc_data_direction', ABI);
const NR_SEGMENTS = offsetOf(vscsiif_request, 'nr_segments', ABI);
const SEG_WORD = offsetOf(vscsiif_request, 'seg', ABI) / 4;

/** Of a struct scsiif_request_segment: the reference, then offset | length << 16. */
export const SEGMENT_WORDS = sizeOf(scsiif_request_segment, ABI) / 4;
/** What comes before the segments. */
export const HEAD_WORDS = SEG_WORD;

/**
 * The backend's own copy of one request. The ring is shared with the guest: nothing is looked at before it is in here.
 * @see vscsiif.h, struct vscsiif_request
 */
export class ScsiRequest {
  readonly words = new Uint32Array(sizeOf(vscsiif_request, ABI) / 4);
  private readonly bytes = new Uint8Array(this.words.buffer);
  private readonly halves = new Uint16Array(this.words.buffer);

  get rqid(): number {
    return this.halves[0];
  }

  /** VSCSIIF_ACT_* */
  get act(): number {
    return this.bytes[2];
  }

  /** 0..255: valid up to VSCSIIF_MAX_COMMAND_SIZE. */
  get cmdLen(): number {
    return this.bytes[3];
  }

  /** A copy that is the receiver's to keep. */
  copyCdb(): Uint8Array {
    return this.bytes.slice(CMND, CMND + Math.min(this.cmdLen, VSCSIIF_MAX_COMMAND_SIZE));
  }

  get channel(): number {
    return this.halves[CHANNEL];
  }

  get id(): number {
    return this.halves[ID];
  }

  get lun(): number {
    return this.halves[LUN];
  }

  /** Of an abort: the request that it is about. */
  get refRqid(): number {
    return this.halves[REF_RQID];
  }

  /** DMA_* of Linux: 0 both ways, 1 to the device, 2 from the device, 3 none. */
  get direction(): number {
    return this.bytes[DIRECTION];
  }

  /** Segments lie in granted pages, which those of the request name. */
  get isIndirect(): boolean {
    return (this.bytes[NR_SEGMENTS] & VSCSIIF_SG_GRANT) !== 0;
  }

  /** Segments in the request: of data, or of pages of segments. */
  get nrSegments(): number {
    return this.bytes[NR_SEGMENTS] & ~VSCSIIF_SG_GRANT;
  }
}
