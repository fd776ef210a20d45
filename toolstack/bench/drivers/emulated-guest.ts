import {DeviceModel} from '../../../backends/emulated/bus/index.ts';
import {setUpPci} from '../../../frontends/emulated/firmware.ts';
import {type NativeMachine, nativeMachine} from '../../../frontends/emulated/machine.ts';
import type {Rig} from '../../conform/rig.ts';

const GUEST_PAGES = 8192;

/** An HVM guest with a device model of its own in dom0. `plug` gives it its devices, before its firmware looks at them. */
export const createEmulatedGuest = async (rig: Rig, plug: (model: DeviceModel) => void): Promise<NativeMachine> => {
  const {domain, ops} = await rig.createGuest({pages: GUEST_PAGES, hvm: true});
  plug(new DeviceModel(rig.dom0.ops, domain.id));
  const machine = nativeMachine(ops);
  if (machine === undefined) throw new Error('the guest has no emulated hardware');
  setUpPci(machine.io);
  return machine;
};

/** What a driver's probe found; throws where it found nothing. */
export const found = <T>(device: T | undefined, what: string): T => {
  if (device === undefined) throw new Error(`the guest finds no ${what}`);
  return device;
};
