import {NS_PER_S} from '../../hypervisor/schedule/index.ts';
import type {BlockDevice} from '../api.ts';
import {formatColumns} from './format.ts';
import type {Machine} from './machine.ts';
import {formatIp, formatMac} from './net/index.ts';

const lines = (rows: readonly string[]): string => rows.map((row) => `${row}\n`).join('');

const interrupts = async (machine: Machine): Promise<string> => {
  const rows = (await machine.interrupts()).map(({port, kind, count, user}) => [`${port}:`, String(count), kind, user]);
  return lines(formatColumns([['port', 'CPU0', 'kind', 'for'], ...rows], ['right', 'right', 'left', 'left']));
};

const meminfo = (machine: Machine): string => {
  const {totalKib, freeKib} = machine.memory();
  const row = (name: string, kib: number): string => `${`${name}:`.padEnd(16)}${String(kib).padStart(8)} kB`;
  return lines([row('MemTotal', totalKib), row('MemFree', freeKib), row('MemAvailable', freeKib)]);
};

const partitions = ({blocks}: Machine): string =>
  lines([
    'major minor  #blocks  name',
    '',
    ...blocks.list.map((disk) => {
      const {major, minor} = deviceNumber(disk);
      const kib = String(disk.sizeBytes / 1024);
      return `${String(major).padStart(4)} ${String(minor).padStart(8)} ${kib.padStart(10)} ${disk.name}`;
    }),
  ]);

const arp = ({net}: Machine): string =>
  lines([
    'IP address       HW type     Flags       HW address            Mask     Device',
    ...net.interfaces.flatMap(({name, neighbours}) =>
      neighbours.list().map(({address, mac}) => {
        const flags = mac === undefined ? '0x0' : '0x2';
        const hardware = mac === undefined ? '00:00:00:00:00:00' : formatMac(mac);
        return `${formatIp(address).padEnd(17)}0x1         ${flags}         ${hardware}     *        ${name}`;
      }),
    ),
  ]);

/** What is in /proc: path and how the text comes about. */
export const procFiles: ReadonlyMap<string, (machine: Machine) => string | Promise<string>> = new Map([
  ['/proc/cmdline', ({commandLine}) => `${commandLine.text}\n`],
  ['/proc/interrupts', interrupts],
  ['/proc/meminfo', meminfo],
  ['/proc/net/arp', arp],
  ['/proc/partitions', partitions],
  ['/proc/uptime', ({log}) => `${(log.uptimeNs / NS_PER_S).toFixed(2)} 0.00\n`],
] as [string, (machine: Machine) => string | Promise<string>][]);

/** Says "extended" in a virtual device number: 1 << 28 | disk << 8 | partition. @see docs/misc/vbd-interface.txt */
const VDEV_EXTENDED = 1 << 28;
const XENVBD_MAJOR = 202;

/** Majors of IDE controllers, with the first disk of each, and minors that a disk has of theirs and of blkfront's. */
const ideMajors: Readonly<Record<number, number>> = {3: 0, 22: 2};
const IDE_MINORS = 64;
const VBD_MINORS = 16;

/** Major and minor number as Linux gives them: blkfront's disks have its own major, whatever the toolstack calls them. */
export const deviceNumber = ({
  name,
  virtualDevice,
}: Pick<BlockDevice, 'name' | 'virtualDevice'>): {major: number; minor: number} => {
  if ((virtualDevice & VDEV_EXTENDED) !== 0) return {major: XENVBD_MAJOR, minor: virtualDevice & ~VDEV_EXTENDED};
  const [major, minor] = [virtualDevice >>> 8, virtualDevice & 0xff];
  if (!name.startsWith('xvd')) return {major, minor};
  const firstDisk = ideMajors[major];
  if (firstDisk === undefined) return {major: XENVBD_MAJOR, minor};
  const disk = firstDisk + Math.floor(minor / IDE_MINORS);
  return {major: XENVBD_MAJOR, minor: disk * VBD_MINORS + (minor % IDE_MINORS)};
};
