import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import type {GrantKeeper} from '../grant-keeper.ts';
import type {ControlRing} from './control-ring.ts';

/** Whom requests of the control ring go to. */
export interface ControlPeer {
  ops: HypervisorOps;
  /** The backend's domain. */
  domid: number;
  keeper: GrantKeeper;
  control: ControlRing;
}

/** Shows the backend a page that begins with these words, for as long as it takes to answer. -1 when there is no page. */
export const withPage = async (
  {ops, domid, keeper}: ControlPeer,
  words: Uint32Array,
  isReadonly: boolean,
  show: (ref: number) => Promise<number>,
): Promise<number> => {
  const gfn = ops.pages.alloc();
  if (gfn === undefined) return -1;
  const at = (gfn * PAGE_SIZE) / 4;
  ops.memory.u32.fill(0, at, at + PAGE_SIZE / 4);
  ops.memory.u32.set(words, at);
  const ref = ops.grantor.grantAccess(domid, gfn, isReadonly);
  if (ref < 0) {
    ops.pages.free(gfn);
    return -1;
  }
  const answer = await show(ref);
  keeper.release(ref, gfn);
  return answer;
};
