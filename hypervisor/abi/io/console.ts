/**
 * Console page: two byte rings and their indexes.
 * @see console.h
 */
import {char, scalar, struct} from '../ctype.ts';

export const XENCONS_RING_IDX = scalar('XENCONS_RING_IDX', 'u32');

/** `in` carries keyboard input to the guest, `out` its output. */
export const xencons_interface = struct('xencons_interface', [
  ['in', char, 1024],
  ['out', char, 2048],
  ['in_cons', XENCONS_RING_IDX],
  ['in_prod', XENCONS_RING_IDX],
  ['out_cons', XENCONS_RING_IDX],
  ['out_prod', XENCONS_RING_IDX],
]);
