import {nearNames} from '../../../hypervisor/abi/near-names.ts';
import type {BenchDriver} from '../driver.ts';
import {drivers as allDrivers} from '../drivers/index.ts';
import {type BenchPoint, type DeviceName, deviceNames} from '../point.ts';
import {defaultPoints, requestedPoints, type SweepRequest} from '../sweep.ts';
import {usage} from './usage.ts';

const unitBytes: Readonly<Record<string, number>> = {'': 1, k: 1024, m: 1024 ** 2};
/** Words of `--drivers` that stand for many. */
const groups = ['all', 'emulated'] as const;

/** What the command line asks for; lists are texts with commas. */
export interface Selection {
  /** One, or "all". */
  readonly device: string;
  readonly drivers?: string;
  readonly sizes?: string;
  /** In place of `sizes`, of network devices. */
  readonly packetSizes?: string;
  readonly depths?: string;
  readonly queues?: string;
  readonly guests?: string;
}

/** Points to run, in order. Throws a ToolstackError of one line for a sweep that cannot be. */
export const selectPoints = (selection: Selection): BenchPoint[] => {
  const devices = devicesOf(selection.device);
  const named = namesOf(selection.drivers, devices);
  return devices.flatMap((device) => pointsOf(device, selection, named));
};

const devicesOf = (text: string): readonly DeviceName[] => {
  if (text === 'all') return deviceNames;
  const device = deviceNames.find((name) => name === text);
  if (device === undefined) throw usage(`no device "${text}": there are ${deviceNames.join(', ')}, all`);
  return [device];
};

const pointsOf = (device: DeviceName, selection: Selection, named: readonly string[]): BenchPoint[] => {
  const selected = allDrivers.filter((driver) => driver.device === device && isSelected(driver, named));
  const request = requestOf(device, selection);
  if (Object.keys(request).length === 0) return defaultPoints(device, selected);
  const points = requestedPoints(device, selected, request, named);
  if (typeof points === 'string') throw usage(points);
  return points;
};

const isSelected = ({name, kind}: BenchDriver, named: readonly string[]): boolean =>
  named.includes(name) || named.includes('all') || (named.includes('emulated') && kind === 'emulated');

/** The drivers that are named; refuses those of other devices. */
const namesOf = (text: string | undefined, devices: readonly DeviceName[]): readonly string[] => {
  const names = itemsOf(text ?? 'all', '--drivers');
  for (const name of names) {
    const known = allDrivers.filter((driver) => driver.name === name);
    if ((groups as readonly string[]).includes(name) || known.some(({device}) => devices.includes(device))) continue;
    if (known.length > 0)
      throw usage(`--drivers ${name} is a driver of ${known[0].device}, not of ${devices.join(', ')}`);
    const own = allDrivers.filter(({device}) => devices.includes(device)).map((driver) => driver.name);
    const candidates = [...new Set([...own, ...groups])];
    const [near] = nearNames(name, candidates);
    throw usage(
      `no driver "${name}"${near === undefined ? `: there are ${candidates.join(', ')}` : `, did you mean ${near}?`}`,
    );
  }
  return names;
};

const requestOf = (device: DeviceName, selection: Selection): SweepRequest => {
  const sizes = device === 'net' ? (['packetSizes', '--packet-sizes'] as const) : (['sizes', '--sizes'] as const);
  const lists = {
    sizes: [selection[sizes[0]], sizes[1]],
    depths: [selection.depths, '--depths'],
    queues: [selection.queues, '--queues'],
    guests: [selection.guests, '--guests'],
  } as const;
  return Object.fromEntries(
    Object.entries(lists).flatMap(([name, [text, option]]) =>
      text === undefined ? [] : [[name, itemsOf(text, option).map((item) => numberOf(item, option))]],
    ),
  );
};

const itemsOf = (text: string, option: string): string[] => {
  const items = text.split(',').map((item) => item.trim());
  if (items.includes('')) throw usage(`${option} "${text}": an item is empty`);
  return [...new Set(items)];
};

/** "512", "4K", "1M". */
const numberOf = (item: string, option: string): number => {
  const [, digits, unit] = /^(\d{1,9})([km]?)$/i.exec(item) ?? [];
  if (digits === undefined) throw usage(`${option} "${item}" is no number`);
  return Number(digits) * unitBytes[unit.toLowerCase()];
};
