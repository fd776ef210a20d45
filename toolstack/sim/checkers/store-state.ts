import {XS} from '../../../hypervisor/xenstore/index.ts';
import type {Rig} from '../../conform/rig.ts';

/** Lets the store check itself: quotas against nodes, owners, generations. What it finds goes to its log. */
export const checkStore = async ({dom0}: Rig): Promise<void> => {
  await dom0.xs.request(XS.CONTROL, 'check', 'check\0', 0);
};

/** Nodes of devices that are no more. */
export const nodesLeft = ({store}: Rig): string | undefined => {
  const devices = store
    .snapshot()
    .children.get('local')
    ?.children.get('domain')
    ?.children.get('0')
    ?.children.get('backend');
  for (const [type, node] of devices?.children ?? []) {
    for (const [domid, {children}] of node.children) {
      if (children.size > 0) return `store: backend/${type}/${domid} still holds ${[...children.keys()].join()}`;
    }
  }
  return undefined;
};
