import {NEVER} from 'rxjs';
import type {Mutant} from './mutant.ts';

/** Misses the events of all its rings but the first. */
export const hearsFirstRing: Mutant = {
  name: 'looks at its first ring alone',
  layer: () => {
    const ports: number[] = [];
    return {
      ops: {
        events: (real, port) => {
          if (!ports.includes(port)) ports.push(port);
          return ports.indexOf(port) === 0 ? real(port) : NEVER;
        },
      },
    };
  },
};

/** Serves what the ring holds, be it announced as far as the ring allows or beyond. */
export const servesOverrun = (slots: number): Mutant => ({
  name: 'cuts a producer index that is too large',
  layer: () => ({
    read: ({offset, page}, fetch) => {
      const value = fetch();
      return offset === 0 && (value - page[2]) >>> 0 > slots ? (page[2] + slots) >>> 0 : value;
    },
  }),
});
