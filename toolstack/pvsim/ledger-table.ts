import {
  counted,
  demandOf,
  type Entry,
  type PriceList,
  type PrimitiveName,
  primitiveNames,
  type Side,
  sum,
} from '../../hypervisor/cost/index.ts';
import type {CostEntry} from '../daemon/protocol.ts';

const NS_PER_US = 1000;

/** An entry as the model takes it. */
export const entryOf = ({domid, device, side, counts}: CostEntry): Entry => ({
  domid,
  device,
  side,
  counts: Float64Array.from(primitiveNames, (name) => counts[name] ?? 0),
});

/** A table for each device, of both sides, and what a request costs by a price list where the device counts requests. */
export const formatLedger = (entries: readonly Entry[], nameOf: (domid: number) => string, list: PriceList): string => {
  const titleOf = ({domid, device}: Entry): string => `${nameOf(domid)} ${device}`;
  return [...new Set(entries.map(titleOf))]
    .map((title) =>
      formatDevice(
        title,
        entries.filter((entry) => titleOf(entry) === title),
        list,
      ),
    )
    .join('\n');
};

const formatDevice = (title: string, entries: readonly Entry[], list: PriceList): string => {
  const requests = sum(entries)[counted.request];
  const rows = primitiveNames.filter((name) => name !== 'request').flatMap((name) => rowOf(name, entries, requests));
  const heads = requests > 0 ? ['', 'front', '/request', 'back', '/request'] : ['', 'front', 'back'];
  return [
    requests > 0 ? `${title}: ${requests} requests` : title,
    ...align([heads, ...rows]),
    ...(requests > 0 ? [modelled(entries, requests, list)] : []),
    '',
  ].join('\n');
};

const rowOf = (name: PrimitiveName, entries: readonly Entry[], requests: number): string[][] => {
  const [front, back] = (['front', 'back'] as const).map((side) => countOf(entries, side, name));
  if (front + back === 0) return [];
  const cells = [front, back].flatMap((count) =>
    requests > 0 ? [String(count), (count / requests).toFixed(2)] : [String(count)],
  );
  return [[name, ...cells]];
};

const countOf = (entries: readonly Entry[], side: Side, name: PrimitiveName): number =>
  sum(entries.filter((entry) => entry.side === side))[counted[name]];

/** Requests to the store are of connecting, not of I/O. */
const withoutStore = (entry: Entry): Entry => ({...entry, counts: entry.counts.with(counted.xenstoreOp, 0)});

const modelled = (entries: readonly Entry[], requests: number, list: PriceList): string => {
  const {guestNs, backendNs, lockNs, waitNs} = demandOf(entries.map(withoutStore), list);
  const times = {guest: guestNs, backend: backendNs, lock: lockNs, waits: waitNs};
  const texts = Object.entries(times).map(([who, ns]) => `${who} ${(ns / requests / NS_PER_US).toFixed(2)} us`);
  return `  modelled by ${list.name}, of a request: ${texts.join(', ')}`;
};

const align = (rows: readonly (readonly string[])[]): string[] => {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    `  ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ')}`.trimEnd(),
  );
};
