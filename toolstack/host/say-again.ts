import {parseState} from '../../hypervisor/xenbus/index.ts';
import type {XsClient} from '../../hypervisor/xenstore/index.ts';

/** Writes a device's state once more, for those that watch it, if it is that one still. */
export const sayAgain = (xs: XsClient, node: string, expected: number): Promise<void> =>
  xs.transaction(async (tx) => {
    const state = await xs.read(node, tx);
    if (parseState(state) === expected) await xs.write(node, String(state), tx);
  });
