import type {Hypervisor} from '../hypervisor.ts';
import {dumpCounters} from './counters.ts';
import {dumpDomains} from './domains.ts';
import {dumpEventChannels} from './event-channels.ts';
import {dumpGrantTables} from './grant-tables.ts';
import {dumpRunQueue} from './run-queue.ts';

interface DebugKey {
  /** Xen's words for it. */
  readonly help: string;
  readonly lines: (xen: Hypervisor) => string[];
}

const dumpRegisters = (xen: Hypervisor): string[] => [
  "'d' pressed -> dumping registers",
  ...xen.allDomains().flatMap(({id, vcpus}) => vcpus.map((vcpu, index) => `d${id}v${index}: ${vcpu.toString()}`)),
];

const dumpAll = (xen: Hypervisor): string[] => [
  "'*' pressed -> firing all diagnostic keyhandlers",
  ...DIAGNOSTICS.flatMap((key) => keys.get(key)?.lines(xen) ?? []),
];

const showHelp = (): string[] => [
  "'h' pressed -> showing installed handlers",
  ...Array.from(keys, ([key, {help}]) => ` key '${key}' (ascii '${key.charCodeAt(0).toString(16)}') => ${help}`),
];

/** Of '*'. */
const DIAGNOSTICS = ['d', 'e', 'g', 'p', 'q', 'r'];

const keys: ReadonlyMap<string, DebugKey> = new Map([
  ['*', {help: 'print all diagnostics', lines: dumpAll}],
  ['d', {help: 'dump registers', lines: dumpRegisters}],
  ['e', {help: 'dump evtchn info', lines: dumpEventChannels}],
  ['g', {help: 'print grant table usage', lines: dumpGrantTables}],
  ['h', {help: 'show this message', lines: showHelp}],
  ['p', {help: 'print performance counters', lines: dumpCounters}],
  ['q', {help: 'dump domain (and guest debug) info', lines: dumpDomains}],
  ['r', {help: 'dump run queues', lines: dumpRunQueue}],
]);

/** Handles a key of `xl debug-keys`: what it shows comes on the hypervisor's console. An unknown one does nothing. */
export const pressDebugKey = (xen: Hypervisor, key: string): void => {
  for (const line of keys.get(key)?.lines(xen) ?? []) xen.log(line);
};
