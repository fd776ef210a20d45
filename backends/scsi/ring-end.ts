import {
  vscsiif_response,
  vscsiif_ring,
  VSCSIIF_SENSE_BUFFERSIZE,
  VSCSIIF_SG_TABLESIZE,
} from '../../hypervisor/abi/io/vscsiif.ts';
import {offsetOf} from '../../hypervisor/abi/layout.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {MappedRing} from '../mapped-ring.ts';
import type {Transport} from '../ring-transport.ts';
import {HEAD_WORDS, type ScsiRequest, SEGMENT_WORDS} from './request.ts';

const RSLT_WORD = offsetOf(vscsiif_response, 'rslt', 'x86_64') / 4;
const RESIDUAL_WORD = offsetOf(vscsiif_response, 'residual_len', 'x86_64') / 4;
const RESPONSE_WORDS = RESIDUAL_WORD + 1;
const SENSE_BYTE = offsetOf(vscsiif_response, 'sense_buffer', 'x86_64');

/** scsiback's end of a ring: requests out, responses in. */
export class ScsiRingEnd extends MappedRing {
  private readonly response = new Uint32Array(RESPONSE_WORDS);
  private readonly responseBytes = new Uint8Array(this.response.buffer);

  constructor(ops: HypervisorOps, transport: Transport) {
    super(ops, transport, vscsiif_ring);
  }

  /** Takes the next request: its head, which tells how many segments there are, then these. Each word is read once. */
  take(request: ScsiRequest): void {
    const {shared} = this.back;
    const index = this.back.skipRequest();
    shared.copyOut(index, request.words, HEAD_WORDS);
    const segments = Math.min(request.nrSegments, VSCSIIF_SG_TABLESIZE);
    shared.copyOut(index, request.words, HEAD_WORDS + segments * SEGMENT_WORDS, HEAD_WORDS);
  }

  /** Fills the next response; `sense` is up to 96 bytes. @see vscsiif.h, struct vscsiif_response */
  respond(rqid: number, act: number, rslt: number, sense: Uint8Array, residual: number): void {
    const {response, responseBytes} = this;
    response.fill(0);
    const senseBytes = Math.min(sense.length, VSCSIIF_SENSE_BUFFERSIZE);
    response[0] = rqid | (act << 16) | (senseBytes << 24);
    for (let i = 0; i < senseBytes; i++) responseBytes[SENSE_BYTE + i] = sense[i];
    response[RSLT_WORD] = rslt;
    response[RESIDUAL_WORD] = residual;
    this.back.shared.copyIn(this.back.claimResponse(), response, RESPONSE_WORDS);
  }
}
