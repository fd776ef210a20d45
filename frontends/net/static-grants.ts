import {
  XEN_NETIF_CTRL_STATUS_SUCCESS,
  XEN_NETIF_CTRL_TYPE_ADD_GREF_MAPPING,
  XEN_NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE,
  XEN_NETIF_CTRLF_GREF_readonly,
} from '../../hypervisor/abi/io/netif.ts';
import {type ControlPeer, withPage} from './control-page.ts';
import type {NetQueue} from './queue.ts';

/** A ring whose grants can stay. */
interface KeepingRing {
  keepGrants(keeps: boolean): readonly number[];
}

/**
 * Has the backend keep the pages of our rings mapped, ring by ring as far as it has room. Where it has none, or refuses,
 * pages are granted for a request as before. @see netif.h, "Static Grants"
 */
export const keepGrantsMapped = async (peer: ControlPeer, queues: readonly NetQueue[]): Promise<void> => {
  for (const [index, {tx, rx}] of queues.entries()) {
    const answer = await peer.control.request(XEN_NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE, index);
    if (answer?.status !== XEN_NETIF_CTRL_STATUS_SUCCESS) return;
    const left = answer.data - (await addMapping(peer, index, rx, 0, answer.data));
    // Rings of a connection that has ended meanwhile have given back all that they held.
    if (!peer.control.isLive) return;
    await addMapping(peer, index, tx, XEN_NETIF_CTRLF_GREF_readonly, left);
  }
};

/** Returns how many the backend has mapped: all of the ring's, or 0. */
const addMapping = async (
  peer: ControlPeer,
  queue: number,
  ring: KeepingRing,
  flags: number,
  room: number,
): Promise<number> => {
  // Grants that are added must outlast requests that end meanwhile.
  const refs = ring.keepGrants(true);
  const list = Uint32Array.from(refs.flatMap((ref) => [ref, flags]));
  const status =
    refs.length <= room
      ? await withPage(peer, list, false, async (page) => {
          const answer = await peer.control.request(XEN_NETIF_CTRL_TYPE_ADD_GREF_MAPPING, queue, page, refs.length);
          return answer?.status ?? -1;
        })
      : -1;
  if (status === XEN_NETIF_CTRL_STATUS_SUCCESS) return refs.length;
  ring.keepGrants(false);
  return 0;
};
