import type {Caller, HypervisorStand} from '../../stand/hypervisor.ts';
import {DOMID_SELF, grant_table_op, GNTTABOP, PAGE_BYTES} from './numbers.ts';

/** GNTTABOP_setup_table of an x86_32 guest for itself: the frames of its table. */
export const setUpTable = (stand: HypervisorStand, caller: Caller, count: number): Uint32Array => {
  const list = caller.ops.pages.alloc() ?? stand.inconclusive('no page is free');
  const {result, words} = stand.call(
    caller,
    grant_table_op,
    GNTTABOP.setup_table,
    [DOMID_SELF, count, 0, list * PAGE_BYTES],
    1,
  );
  if (result !== 0 || words[2] !== 0) stand.inconclusive(`setup_table answers ${result}, status ${words[2]}`);
  const first = (list * PAGE_BYTES) / 4;
  return caller.memory.u32.slice(first, first + count);
};
