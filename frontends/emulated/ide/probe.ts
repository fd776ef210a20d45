import type {NativeMachine} from '../machine.ts';
import {type GuestPciDevice, PCI_COMMAND_MASTER, scanPci} from '../pci.ts';
import type {ChannelPlace} from './channel-ports.ts';
import {IdeChannel} from './channel.ts';
import {IdeCdrom} from './ide-cdrom.ts';
import {type DrivePlace, IdeDisk} from './ide-disk.ts';
import {parseIdentity} from './identify.ts';
import {defaultIdeOptions, type IdeOptions} from './options.ts';
import * as r from './registers.ts';

const INTEL = 0x8086;
const PIIX3_IDE = 0x7010;
const BUS_MASTER_BAR = 4;
const BUS_MASTER_PORTS = 8;
const IDETIM = [0x40, 0x42] as const;
const DECODE_ENABLE = 0x8000;

const legacy = [
  {command: 0x1f0, control: 0x3f6, irq: 14},
  {command: 0x170, control: 0x376, irq: 15},
] as const;

/** By channel and device. @see xen-vbd-interface(7) */
const places: readonly (readonly DrivePlace[])[] = [
  [
    {name: 'hda', virtualDevice: 768, device: 0},
    {name: 'hdb', virtualDevice: 832, device: 1},
  ],
  [
    {name: 'hdc', virtualDevice: 5632, device: 0},
    {name: 'hdd', virtualDevice: 5696, device: 1},
  ],
];

/** What a drive leaves in LBA Mid and LBA High after a reset. */
const ATA_SIGNATURE = 0x0000;
const ATAPI_SIGNATURE = 0xeb14;

/** The drives of an IDE controller, with the way to leave them. */
export interface IdeDrives {
  readonly drives: readonly (IdeDisk | IdeCdrom)[];
  /** What is under way, and all that follows, fails with ENODEV. */
  close(): void;
}

/** Looks for a PIIX3 and its drives, hda to hdd. Without a controller there are none. */
export const probeIde = async (machine: NativeMachine, options: IdeOptions = {}): Promise<IdeDrives> => {
  const chosen = {...defaultIdeOptions, ...options};
  const pci = scanPci(machine.io).find(({vendorId, deviceId}) => vendorId === INTEL && deviceId === PIIX3_IDE);
  const channels: IdeChannel[] = [];
  const drives: (IdeDisk | IdeCdrom)[] = [];
  for (const [index, place] of pci === undefined ? [] : channelsOf(pci)) {
    const channel = new IdeChannel(machine, place, chosen.words === 'single');
    const found = await probeChannel(channel, places[index], chosen);
    drives.push(...found);
    if (found.length > 0) channels.push(channel);
    else channel.close();
  }
  return {
    drives,
    close: () => {
      for (const channel of channels) channel.close();
      for (const drive of drives) drive.close();
    },
  };
};

/** Those that the firmware has turned on. */
const channelsOf = (pci: GuestPciDevice): [number, ChannelPlace][] => {
  pci.enable(PCI_COMMAND_MASTER);
  const busMaster = pci.bar(BUS_MASTER_BAR);
  return legacy
    .map((place, index): [number, ChannelPlace] => [index, {...place, busMaster: busMaster + index * BUS_MASTER_PORTS}])
    .filter(([index]) => (pci.readConfig(IDETIM[index], 2) & DECODE_ENABLE) !== 0);
};

const probeChannel = async (
  channel: IdeChannel,
  devices: readonly DrivePlace[],
  options: Required<IdeOptions>,
): Promise<(IdeDisk | IdeCdrom)[]> => {
  const present = devices.filter(({device}) => keepsRegisters(channel, device));
  if (present.length === 0) return [];
  await channel.reset();
  const signatures = present.map(({device}) => signatureOf(channel, device));
  const drives: (IdeDisk | IdeCdrom)[] = [];
  for (const [index, place] of present.entries()) {
    const drive = await attach(channel, place, signatures[index], options);
    if (drive !== undefined) drives.push(drive);
  }
  return drives;
};

const select = ({ports}: IdeChannel, device: number): void => {
  ports.write(r.DEVICE, r.DEVICE_LBA | (device === 0 ? 0 : r.DEVICE_1));
};

/** Whether anybody keeps what is written: where there is no drive nothing does. */
const keepsRegisters = (channel: IdeChannel, device: number): boolean => {
  const {ports} = channel;
  select(channel, device);
  ports.write(r.SECTOR_COUNT, 0x55);
  ports.write(r.LBA_LOW, 0xaa);
  return ports.read(r.SECTOR_COUNT) === 0x55 && ports.read(r.LBA_LOW) === 0xaa;
};

const signatureOf = (channel: IdeChannel, device: number): number => {
  select(channel, device);
  return channel.ports.read(r.LBA_MID) | (channel.ports.read(r.LBA_HIGH) << 8);
};

/**
 * Whether a device does commands: device 0 shows its own registers for a device 1 that is not there, but Status stays 0
 * whatever it is told to do.
 */
const doesCommands = (channel: IdeChannel, device: number): boolean => {
  const {ports} = channel;
  select(channel, device);
  ports.writeControl(r.CONTROL_NIEN);
  ports.write(r.COMMAND, r.CHECK_POWER_MODE);
  const status = ports.read(r.STATUS);
  ports.writeControl(0);
  return status !== 0;
};

const attach = async (
  channel: IdeChannel,
  place: DrivePlace,
  signature: number,
  options: Required<IdeOptions>,
): Promise<IdeDisk | IdeCdrom | undefined> => {
  if (!doesCommands(channel, place.device)) return undefined;
  if (signature === ATA_SIGNATURE) return attachDisk(channel, place, options);
  return signature === ATAPI_SIGNATURE ? attachCdrom(channel, place, options) : undefined;
};

const identify = async (channel: IdeChannel, device: 0 | 1, opcode: number): Promise<Uint8Array | undefined> => {
  const data = new Uint8Array(r.SECTOR_BYTES);
  const {status} = await channel.run({device, opcode, protocol: 'pio-in', data});
  return status === 'done' ? data : undefined;
};

/** Sets the fastest mode that a PIIX3 has. */
const setTransferMode = (channel: IdeChannel, device: 0 | 1): Promise<unknown> =>
  channel.run({
    device,
    opcode: r.SET_FEATURES,
    protocol: 'no-data',
    features: r.SET_TRANSFER_MODE,
    count: r.MULTIWORD_DMA_2,
  });

const attachDisk = async (
  channel: IdeChannel,
  place: DrivePlace,
  options: Required<IdeOptions>,
): Promise<IdeDisk | undefined> => {
  const data = await identify(channel, place.device, r.IDENTIFY_DEVICE);
  if (data === undefined) return undefined;
  await setTransferMode(channel, place.device);
  return new IdeDisk(channel, place, parseIdentity(data), options);
};

const attachCdrom = async (
  channel: IdeChannel,
  place: DrivePlace,
  options: Required<IdeOptions>,
): Promise<IdeCdrom | undefined> => {
  const data = await identify(channel, place.device, r.IDENTIFY_PACKET_DEVICE);
  if (data === undefined) return undefined;
  await setTransferMode(channel, place.device);
  const drive = new IdeCdrom(channel, place, options);
  await drive.check();
  return drive;
};
