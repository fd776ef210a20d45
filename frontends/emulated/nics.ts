import {E1000Nic, type E1000NicOptions} from './e1000/index.ts';
import type {NativeMachine} from './machine.ts';
import type {NativeNic} from './nic/index.ts';
import {type GuestPciDevice, scanPci} from './pci.ts';
import {Rtl8139Nic} from './rtl8139/index.ts';

export interface NicOptions {
  /** The number of the first one: 0 by default. */
  readonly first?: number;
  /** How this driver is to work. */
  readonly e1000?: E1000NicOptions;
}

/** Starts the drivers of the emulated NICs on the guest's bus: "eth0" and so on from `first`, in the order of their slots. */
export const probeNics = (machine: NativeMachine, {first = 0, e1000}: NicOptions = {}): NativeNic[] => {
  const found: NativeNic[] = [];
  for (const pci of scanPci(machine.io)) {
    const nic = probe(machine, pci, `eth${first + found.length}`, e1000);
    if (nic !== undefined) found.push(nic);
  }
  return found;
};

const probe = (
  machine: NativeMachine,
  pci: GuestPciDevice,
  name: string,
  e1000: E1000NicOptions | undefined,
): NativeNic | undefined => Rtl8139Nic.probe(machine, pci, name) ?? E1000Nic.probe(machine, pci, name, e1000);
