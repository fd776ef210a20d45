import type {Layer} from '../seam/layer.ts';

/** A driver with one named fault: a check that cannot tell it from the sound one is worthless. */
export interface Mutant {
  /** "forgets the final check" */
  readonly name: string;
  /** The fault as a layer around the sound driver; a new one for each run, as it may remember. */
  readonly layer: () => Layer;
}
