import {virtualClock} from '../../../hypervisor/schedule/index.ts';
import {createRig, type Rig} from '../rig.ts';
import type {StandOptions} from './stand.ts';

/** An empty host in virtual time. */
export const startRig = async ({choices, log, layers}: StandOptions): Promise<Rig> => {
  const rig = await createRig({clock: virtualClock(choices.seed, (ready) => choices.nextTask(ready)), traced: false});
  for (const {host} of layers) host?.(rig.xen);
  log.followClock(() => rig.schedule.now());
  return rig;
};
