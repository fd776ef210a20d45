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

/** What is run, in order, and why devices have no part in it. */
export interface Selected {
  readonly points: readonly BenchPoint[];
  readonly leftOut: readonly string[];
}

/** Throws a ToolstackError of one line for a sweep that cannot be: on none of the devices, or not on the one named. */
export const selectPoints = (selection: Selection): Selected => {
  const devices = devicesOf(selection.device);
  const named = namesOf(selection.drivers, devices);
  demandUse(selection, devices);
  const offers = devices.map((device) => offerOf(device, selection, named));
  const leftOut = offers.flatMap(({points}) => (typeof points === 'string' ? [points] : []));
  const isPossible = offers.some(({points, isAsked}) => isAsked && typeof points !== 'string');
  if (leftOut.length > 0 && !isPossible) throw usage(leftOut[0]);
  return {points: offers.flatMap(({points}) => (typeof points === 'string' ? [] : points)), leftOut};
};

/** Sizes that no device here has would change nothing. */
const demandUse = ({sizes, packetSizes}: Selection, devices: readonly DeviceName[]): void => {
  if (packetSizes !== undefined && !devices.includes('net')) throw usage('--packet-sizes are of net');
  if (sizes !== undefined && devices.every((device) => device === 'net'))
    throw usage('--sizes are not of net, which has --packet-sizes');
};

const devicesOf = (text: string): readonly DeviceName[] => {
  if (text === 'all') return deviceNames;
  const device = deviceNames.find((name) => name === text);
  if (device === undefined) throw usage(`no device "${text}": there are ${deviceNames.join(', ')}, all`);
  return [device];
};

interface Offer {
  /** A text says why there are none. */
  readonly points: readonly BenchPoint[] | string;
  /** Something was asked of this device. */
  readonly isAsked: boolean;
}

const offerOf = (device: DeviceName, selection: Selection, named: readonly string[]): Offer => {
  const selected = allDrivers.filter((driver) => driver.device === device && isSelected(driver, named));
  const {sizes, packetSizes, depths, queues, guests} = selection;
  const isSweep = [sizes, packetSizes, depths, queues, guests].some((list) => list !== undefined);
  if (!isSweep) return {points: defaultPoints(device, selected), isAsked: true};
  const request = requestOf(device, selection);
  const isAsked = selected.length > 0 && Object.keys(request).length > 0;
  return {points: requestedPoints(device, selected, request, named), isAsked};
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
