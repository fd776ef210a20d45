/** Sequence numbers are u32 and wrap: one is before another when it is less than 2^31 behind it. @see RFC 9293, 3.4 */
export type Sequence = number;

export const seqAdd = (a: Sequence, bytes: number): Sequence => (a + bytes) >>> 0;

/** a - b in bytes, -2^31..2^31-1. */
export const seqDistance = (a: Sequence, b: Sequence): number => (a - b) | 0;

export const seqBefore = (a: Sequence, b: Sequence): boolean => ((a - b) | 0) < 0;

export const seqAfter = (a: Sequence, b: Sequence): boolean => ((a - b) | 0) > 0;
