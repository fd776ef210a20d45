import {E1000Nic} from './e1000/index.ts';
import type {NativeMachine} from './machine.ts';
import type {NativeNic} from './nic/index.ts';
import {type GuestPciDevice, scanPci} from './pci.ts';
import {Rtl8139Nic} from './rtl8139/index.ts';

type Probe = (machine: NativeMachine, pci: GuestPciDevice, name: string) => NativeNic | undefined;

const probes: readonly Probe[] = [(...device) => Rtl8139Nic.probe(...device), (...device) => E1000Nic.probe(...device)];

/** Starts the drivers of the emulated NICs on the guest's bus: "eth0" and so on from `first`, in the order of their slots. */
export const probeNics = (machine: NativeMachine, first = 0): NativeNic[] => {
  const found: NativeNic[] = [];
  for (const pci of scanPci(machine.io)) {
    const name = `eth${first + found.length}`;
    const nic = probes.map((probe) => probe(machine, pci, name)).find((nic) => nic !== undefined);
    if (nic !== undefined) found.push(nic);
  }
  return found;
};
