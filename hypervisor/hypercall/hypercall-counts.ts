/** Hypercall numbers are below. @see xen.h, "HYPERCALLS" */
const NUMBERS = 64;
/** Kinds of unknown calls that are told apart: a guest can make up 2^64 of them. */
const MAX_UNKNOWN = 64;
const OTHERS = 'others';

/** Counts of the hypercalls of one vCPU. */
export class HypercallCounts {
  private readonly calls = new Float64Array(NUMBERS);
  private readonly unknownCalls = new Map<string, number>();

  add(number: number): void {
    if (number < NUMBERS) this.calls[number]++;
  }

  addUnknown(number: number, command: number): void {
    const {unknownCalls} = this;
    const key = `${number}:${command}`;
    const counted = unknownCalls.has(key) || unknownCalls.size < MAX_UNKNOWN ? key : OTHERS;
    unknownCalls.set(counted, (unknownCalls.get(counted) ?? 0) + 1);
  }

  /** By number, those that were made. */
  byNumber(): Map<number, number> {
    return new Map([...this.calls.entries()].filter(([, count]) => count > 0));
  }

  /** By "number:first argument"; from the 65th kind on they are "others". */
  unknown(): Map<string, number> {
    return new Map(this.unknownCalls);
  }
}
