/** So far before the wrap that a few bytes go over it. */
export const NEAR_WRAP = 2 ** 32 - 20;

/** Each byte there is. */
export const allBytes = Uint8Array.from({length: 256}, (_, i) => i);

/** As many, none of which a terminal takes for a command. */
export const printableBytes = Uint8Array.from({length: 256}, (_, i) => 33 + (i % 90));

export const textBytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Bytes on a ring that cannot be: one too many, half the number range, one before the start. */
export const impossibleCounts = (sizeBytes: number): readonly number[] => [sizeBytes + 1, 2 ** 31, -1];

export const sameNumbers = (a: ArrayLike<number>, b: ArrayLike<number>): boolean =>
  a.length === b.length && Array.from(a).every((each, i) => each === b[i]);

/** Whether `part` comes of `whole` by leaving bytes out. */
export const isSubsequence = (part: ArrayLike<number>, whole: ArrayLike<number>): boolean => {
  let found = 0;
  for (let i = 0; i < whole.length && found < part.length; i++) if (whole[i] === part[found]) found++;
  return found === part.length;
};
