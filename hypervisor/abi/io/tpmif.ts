/**
 * TPM: one request at a time in a shared page.
 * @see tpmif.h
 */
import {FLEXIBLE, scalar, struct, uint16_t, uint32_t, uint8_t, unsigned_long} from '../ctype.ts';
import {grant_ref_t} from '../grant-table.ts';

export const tpmif_tx_request = struct('tpmif_tx_request', [
  ['addr', unsigned_long],
  ['ref', grant_ref_t],
  ['unused', uint16_t],
  ['size', uint16_t],
]);

export const TPMIF_RING_IDX = scalar('TPMIF_RING_IDX', 'u32');

export const TPMIF_TX_RING_SIZE = 1;

export const tpmif_ring = struct('tpmif_ring', [['req', tpmif_tx_request]]);

export const tpmif_tx_interface = struct('tpmif_tx_interface', [['ring', tpmif_ring, TPMIF_TX_RING_SIZE]]);

export const TPMIF_STATE_IDLE = 0;
export const TPMIF_STATE_SUBMIT = 1;
export const TPMIF_STATE_FINISH = 2;
export const TPMIF_STATE_CANCEL = 3;

export const tpmif_shared_page = struct('tpmif_shared_page', [
  ['length', uint32_t],
  ['state', uint8_t],
  ['locality', uint8_t],
  ['pad', uint8_t],
  ['nr_extra_pages', uint8_t],
  ['extra_pages', uint32_t, FLEXIBLE],
]);
