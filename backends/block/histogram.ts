/** 0; 1; 2..3; 4..7; ... up to 2^31 and more. */
const BUCKETS = 33;

/** How often values of each size came: a bucket for each power of two. */
export class Histogram {
  private readonly counts = new Float64Array(BUCKETS);

  /** `value` is 0..2^32-1; what is larger counts as that. */
  add(value: number): void {
    this.counts[32 - Math.clz32(Math.min(value, 0xffff_ffff))]++;
  }

  /** Counts by bucket, those behind the last that is not 0 left out: [0] of zeroes, [i] of 2^(i-1)..2^i - 1. */
  values(): readonly number[] {
    const end = this.counts.findLastIndex((count) => count > 0) + 1;
    return Array.from(this.counts.subarray(0, end));
  }
}
