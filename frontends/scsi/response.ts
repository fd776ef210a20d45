import {vscsiif_response, VSCSIIF_SENSE_BUFFERSIZE} from '../../hypervisor/abi/io/vscsiif.ts';
import {offsetOf, sizeOf} from '../../hypervisor/abi/layout.ts';

/** The layout has no 64-bit word: it is the same in every ABI. */
const ABI = 'x86_64';
const SENSE = offsetOf(vscsiif_response, 'sense_buffer', ABI);
const RSLT_WORD = offsetOf(vscsiif_response, 'rslt', ABI) / 4;
const RESIDUAL_WORD = offsetOf(vscsiif_response, 'residual_len', ABI) / 4;

/** The answer to the request that was taken last. What the backend wrote is cut to what it can be. */
export class ScsiResponse {
  readonly words = new Uint32Array(sizeOf(vscsiif_response, ABI) / 4);
  private readonly bytes = new Uint8Array(this.words.buffer);

  get rqid(): number {
    return this.words[0] & 0xffff;
  }

  get rslt(): number {
    return this.words[RSLT_WORD];
  }

  /** Bytes of the buffer that were not moved. */
  get residual(): number {
    return this.words[RESIDUAL_WORD];
  }

  /** A copy. */
  get sense(): Uint8Array {
    return this.bytes.slice(SENSE, SENSE + Math.min(this.bytes[3], VSCSIIF_SENSE_BUFFERSIZE));
  }
}
