import type {DeviceModel} from '../bus/index.ts';
import {PciFunction} from '../pci/index.ts';
import type {Register} from '../registers/index.ts';

const HOST_BRIDGE_SLOT = 0;
const PIIX3_SLOT = 1;

const PAM = ['PAM0', 'PAM1', 'PAM2', 'PAM3', 'PAM4', 'PAM5', 'PAM6'] as const;
const PIRQRC = ['PIRQRCA', 'PIRQRCB', 'PIRQRCC', 'PIRQRCD'] as const;

/**
 * What firmware and operating systems look at, and set: memory below 1 MiB is where it is, whatever they say.
 * @see Intel 440FX, "PMC registers"
 */
const hostBridgeRegisters: readonly Register<(typeof PAM)[number] | 'SMRAM'>[] = [
  ...PAM.map((name, index) => ({name, offset: 0x59 + index, size: 1, access: 'rw', mask: 0x33}) as const),
  {name: 'SMRAM', offset: 0x72, size: 1, reset: 0x02, access: 'rw', mask: 0x7a},
];

/** Xen has the links end where its firmware says that they do. @see Intel 82371SB (PIIX3), "function 0" */
const isaBridgeRegisters: readonly Register<(typeof PIRQRC)[number] | 'XBCS' | 'TOM'>[] = [
  {name: 'XBCS', offset: 0x4e, size: 2, reset: 0x0003, access: 'rw', mask: 0x01ff},
  ...PIRQRC.map((name, index) => {
    return {name, offset: 0x60 + index, size: 1, reset: 0x80, access: 'rw', mask: 0x8f} as const;
  }),
  {name: 'TOM', offset: 0x69, size: 1, reset: 0x02, access: 'rw', mask: 0xfa},
];

/** The bridges of a PC of 1996, by which an operating system knows that there is a PCI bus: a 440FX and a PIIX3. */
export const plugChipset = (model: DeviceModel): void => {
  new PciFunction({
    owner: 'host-bridge',
    identity: {vendorId: 0x8086, deviceId: 0x1237, revision: 2, classCode: 0x060000},
    registers: hostBridgeRegisters,
  }).plug(model, HOST_BRIDGE_SLOT);
  new PciFunction({
    owner: 'isa-bridge',
    identity: {vendorId: 0x8086, deviceId: 0x7000, classCode: 0x060100, multiFunction: true},
    registers: isaBridgeRegisters,
  }).plug(model, PIIX3_SLOT);
};
