import {blkif_ring} from '../../hypervisor/abi/io/blkif.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {MappedRing} from '../mapped-ring.ts';
import type {Transport} from '../ring-transport.ts';
import type {BlockRequest} from './request.ts';

/** blkback's end of a ring: requests out, responses in. */
export class RingEnd extends MappedRing {
  private readonly response: Uint32Array;

  constructor(ops: HypervisorOps, transport: Transport) {
    super(ops, transport, blkif_ring);
    this.response = new Uint32Array(this.back.shared.responseWords);
  }

  /** Takes the next request: its first word, which tells how long it is, then the rest. Each word is read once. */
  take(request: BlockRequest): void {
    const {back} = this;
    const index = back.skipRequest();
    back.shared.copyOut(index, request.words, 1);
    back.shared.copyOut(index, request.words, request.wordsInUse, 1);
    request.findSegments();
  }

  /** Fills the next response. `status` is BLKIF_RSP_*. @see blkif.h, struct blkif_response */
  respond(operation: number, idLow: number, idHigh: number, status: number): void {
    const {response} = this;
    response[0] = idLow;
    response[1] = idHigh;
    response[2] = operation | ((status & 0xffff) << 16);
    this.back.putResponse(response);
  }
}
