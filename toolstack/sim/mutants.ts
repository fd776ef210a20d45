import {keepsGrants, keepsMappings, keepsPorts} from '../conform/mutants/leaks.ts';
import type {Mutant} from '../conform/mutants/mutant.ts';
import {type NetworkMutant, networkMutants} from './network/mutants.ts';
import {neverNotifies} from '../conform/mutants/ring-notify.ts';

/** A fault in the drivers of one side. */
export interface SideMutant {
  readonly side: 'frontend' | 'backend';
  readonly mutant: Mutant;
}

/** One or the other. */
export interface SimMutant {
  readonly drivers?: SideMutant;
  readonly network?: NetworkMutant;
}

const keepsOnePage: Mutant = {
  name: 'leaves the last page of a request mapped',
  layer: () => ({ops: {gnttabUnmapMany: (real, handles, at, count) => real(handles, at, Math.max(0, count - 1))}}),
};

/** Faults to show, and to prove, that a simulation finds them: `pvsim sim --mutant NAME`. */
export const simMutants: Readonly<Record<string, SimMutant>> = {
  'backend-leaves-pages-mapped': {drivers: {side: 'backend', mutant: keepsMappings}},
  'backend-leaves-a-page-mapped': {drivers: {side: 'backend', mutant: keepsOnePage}},
  'backend-leaves-ports-open': {drivers: {side: 'backend', mutant: keepsPorts}},
  'backend-never-notifies': {drivers: {side: 'backend', mutant: neverNotifies}},
  'frontend-leaves-pages-granted': {drivers: {side: 'frontend', mutant: keepsGrants}},
  'frontend-never-notifies': {drivers: {side: 'frontend', mutant: neverNotifies}},
  ...Object.fromEntries(Object.entries(networkMutants).map(([name, network]) => [name, {network}])),
};
