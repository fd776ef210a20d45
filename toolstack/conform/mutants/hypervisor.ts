import type {Mutant} from './mutant.ts';

const GNTMAP_readonly = 4;

/** Lets a page be mapped for writing that was granted for reading. */
export const mapsWritable: Mutant = {
  name: 'maps readonly grants for writing',
  layer: () => ({
    ops: {
      gnttabMap: (real, granter, ref, flags) => {
        const handle = real(granter, ref, flags);
        return handle >= 0 ? handle : real(granter, ref, flags | GNTMAP_readonly);
      },
    },
  }),
};

/** Says yes where it has to refuse. */
export const answersWith = (status: number, instead: number): Mutant => ({
  name: `answers ${instead} where ${status} is due`,
  layer: () => ({
    ops: {
      gnttabMap: (real, granter, ref, flags) => {
        const result = real(granter, ref, flags);
        return result === status ? instead : result;
      },
    },
  }),
});
