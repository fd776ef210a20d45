import type {Mutant} from './mutant.ts';

/** Does not give back what it mapped. */
export const keepsMappings: Mutant = {
  name: 'leaves pages mapped',
  layer: () => ({ops: {gnttabUnmap: () => 0, gnttabUnmapMany: () => undefined}}),
};

export const keepsPorts: Mutant = {name: 'does not close its ports', layer: () => ({ops: {evtchnClose: () => 0}})};

/** Does not take back what it granted. */
export const keepsGrants: Mutant = {
  name: 'leaves pages granted',
  layer: () => ({grantor: {endAccess: () => true, endMany: () => true}}),
};

/** Writes to the ring once it has let go of it. */
export const writesLater: Mutant = {
  name: 'writes to the ring after it let go of it',
  layer: () => {
    let page: Uint32Array | undefined;
    let isGone = false;
    return {
      ringFound: (_ring, _gfn, words) => void (page ??= words),
      ops: {
        evtchnClose: (real, port) => {
          isGone = true;
          return real(port);
        },
      },
      send: (request, pass) => {
        pass(request);
        if (isGone && page !== undefined) page[1] += 1;
      },
    };
  },
};
