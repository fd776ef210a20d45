import {
  XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ,
  XEN_NETIF_CTRL_STATUS_SUCCESS,
  XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS,
  XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE,
  XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM,
  XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS,
  XEN_NETIF_CTRL_TYPE_SET_HASH_KEY,
  XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING,
  XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE,
} from '../../hypervisor/abi/io/netif.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import {type ControlPeer, withPage} from './control-page.ts';

const KEY_BYTES = 40;
const MAX_ENTRIES = PAGE_SIZE / 4;

export interface HashingOptions extends ControlPeer {
  queues: number;
}

/**
 * Has the backend hash what it sends us, by all that it can, and deal it out evenly over our queues. False when it refuses;
 * it steers by itself then. @see netif.h, "Control messages"
 */
export const configureHashing = async (options: HashingOptions): Promise<boolean> => {
  const {control} = options;
  const ask = async (type: number, ...data: readonly number[]): Promise<number> => {
    const answer = await control.request(type, ...data);
    return answer?.status === XEN_NETIF_CTRL_STATUS_SUCCESS ? answer.data : -1;
  };
  if ((await ask(XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM, XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ)) < 0) return false;
  const types = await ask(XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS);
  const entries = Math.min(await ask(XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE), MAX_ENTRIES);
  if (types < 0 || entries < 0) return false;
  const {ops, queues} = options;
  const key = Uint32Array.from({length: KEY_BYTES / 4}, () => ops.schedule.random());
  const mapping = Uint32Array.from({length: entries}, (_, i) => i % queues);
  const steps = [
    () => withPage(options, key, true, (ref) => ask(XEN_NETIF_CTRL_TYPE_SET_HASH_KEY, ref, KEY_BYTES)),
    () => ask(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE, entries),
    () => withPage(options, mapping, true, (ref) => ask(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, ref, entries, 0)),
    () => ask(XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS, types),
  ];
  for (const step of steps) if ((await step()) < 0) return false;
  return true;
};
