/** What a checker finds: "CHECKER: what is wrong". */
export class Finding extends Error {}

/** Throws what is wrong, if anything is. */
export const demand = (fault: string | undefined): void => {
  if (fault !== undefined) throw new Finding(fault);
};
