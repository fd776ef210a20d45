import {check, type Check, type CheckOptions} from '../../check.ts';

/** A check that plays a script to a store. @see stand/store-script.ts */
export const scripted = (clause: string, script: string, mutants: CheckOptions['mutants'], variant?: string): Check =>
  check('xenstored', clause, (stand) => stand.play(script), {seeds: 1, variant, mutants});
