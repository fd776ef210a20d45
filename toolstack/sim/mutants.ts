import {keepsGrants, keepsMappings, keepsPorts} from '../conform/mutants/leaks.ts';
import type {Mutant} from '../conform/mutants/mutant.ts';
import {neverNotifies} from '../conform/mutants/ring-notify.ts';

/** A fault in the drivers of one side. */
export interface SideMutant {
  readonly side: 'frontend' | 'backend';
  readonly mutant: Mutant;
}

const keepsOnePage: Mutant = {
  name: 'leaves the last page of a request mapped',
  layer: () => ({ops: {gnttabUnmapMany: (real, handles, at, count) => real(handles, at, Math.max(0, count - 1))}}),
};

/** Faults to show, and to prove, that a simulation finds them: `pvsim sim --mutant NAME`. */
export const simMutants: Readonly<Record<string, SideMutant>> = {
  'backend-leaves-pages-mapped': {side: 'backend', mutant: keepsMappings},
  'backend-leaves-a-page-mapped': {side: 'backend', mutant: keepsOnePage},
  'backend-leaves-ports-open': {side: 'backend', mutant: keepsPorts},
  'backend-never-notifies': {side: 'backend', mutant: neverNotifies},
  'frontend-leaves-pages-granted': {side: 'frontend', mutant: keepsGrants},
  'frontend-never-notifies': {side: 'frontend', mutant: neverNotifies},
};
