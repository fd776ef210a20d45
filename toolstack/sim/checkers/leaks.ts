import type {Rig, RigDomain} from '../../conform/rig.ts';

/** What a domain holds of others, and lets others hold. */
export interface Ledger {
  readonly mappings: number;
  readonly ports: number;
  readonly grants: number;
}

export const ledgerOf = ({domain}: RigDomain): Ledger => {
  const {grants} = domain;
  let used = 0;
  for (let ref = 0; ref < grants.entries; ref++) if (grants.memory.u32[grants.entryWord(ref)] !== 0) used++;
  return {mappings: domain.maptrack.count, ports: [...domain.ports.open()].length, grants: used};
};

/** What is there that was not there before, in words; undefined when nothing is. */
export const leak = (who: string, before: Ledger, after: Ledger): string | undefined => {
  const lost = (['mappings', 'ports', 'grants'] as const).flatMap((what) =>
    after[what] > before[what] ? [`${after[what] - before[what]} ${what}`] : [],
  );
  return lost.length === 0 ? undefined : `leak: ${who} has leaked ${lost.join(', ')}`;
};

/** Frames that destroyed guests have left behind. */
export const lostPages = ({xen}: Rig, freeBefore: number): string | undefined =>
  xen.freePages < freeBefore ? `leak: destroyed guests have left ${freeBefore - xen.freePages} pages` : undefined;
