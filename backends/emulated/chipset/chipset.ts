import type {DeviceModel} from '../bus/index.ts';
import {PciFunction} from '../pci/index.ts';

const HOST_BRIDGE_SLOT = 0;
export const PIIX3_SLOT = 1;

/** The bridges of a PC of 1996, by which an operating system knows that there is a PCI bus: a 440FX and a PIIX3. */
export const plugChipset = (model: DeviceModel): void => {
  new PciFunction({
    owner: 'host-bridge',
    identity: {vendorId: 0x8086, deviceId: 0x1237, revision: 2, classCode: 0x060000},
  }).plug(model, HOST_BRIDGE_SLOT);
  new PciFunction({
    owner: 'isa-bridge',
    identity: {vendorId: 0x8086, deviceId: 0x7000, classCode: 0x060100, multiFunction: true},
  }).plug(model, PIIX3_SLOT);
};
