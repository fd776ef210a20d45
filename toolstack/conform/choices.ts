import {Random} from '../../hypervisor/schedule/index.ts';

/** Tasks of one run: whoever posts more goes round in circles, in which virtual time stands still. */
const MAX_TASKS = 30_000;

interface Taken {
  readonly options: number;
  readonly picked: number;
}

/**
 * What is left open in a run: drawn from a seed, or, in an enumeration, prescribed by a prefix and 0 from there on. The
 * run is known by its seed and what it took: "7" or "7:0.2.1".
 */
export class Choices {
  readonly seed: number;
  /** Of an enumeration: the order of ready tasks is part of it now. */
  exploring = false;
  /** Told when a run has more tasks than any needs. */
  onEndless: ((tasks: number) => void) | undefined;
  private tasks = 0;
  private readonly random: Random;
  private readonly order: Random;
  private readonly prefix: readonly number[] | undefined;
  private readonly taken: Taken[] = [];

  constructor(seed: number, prefix?: readonly number[]) {
    this.seed = seed;
    this.random = new Random(seed);
    this.order = new Random(seed + 0x0dde);
    this.prefix = prefix;
  }

  /** The same run again. Undefined when the text is not "N" or "N:I.J...". */
  static parse(text: string): Choices | undefined {
    const match = /^(\d{1,15})(?::(\d+(?:\.\d+)*)?)?$/.exec(text);
    if (match === null) return undefined;
    const [, seed, prefix] = match;
    return new Choices(Number(seed), text.includes(':') ? (prefix ?? '').split('.').map(Number) : undefined);
  }

  get enumerates(): boolean {
    return this.prefix !== undefined;
  }

  /** One of 0..options-1. */
  below(options: number): number {
    const {prefix, taken} = this;
    if (options === 1) return 0;
    if (prefix === undefined) return this.random.below(options);
    const picked = Math.min(prefix[taken.length] ?? 0, options - 1);
    taken.push({options, picked});
    return picked;
  }

  /** Which of so many ready tasks is next. */
  nextTask(ready: number): number {
    if (++this.tasks === MAX_TASKS) this.onEndless?.(MAX_TASKS);
    return this.exploring && this.enumerates ? this.below(ready) : this.order.below(ready);
  }

  /** The prefix of the run after this one in an enumeration; undefined when this was the last. */
  nextPrefix(): number[] | undefined {
    const last = this.taken.findLastIndex(({options, picked}) => picked + 1 < options);
    if (last < 0) return undefined;
    return [...this.taken.slice(0, last).map(({picked}) => picked), this.taken[last].picked + 1];
  }

  toString(): string {
    return this.prefix === undefined
      ? String(this.seed)
      : `${this.seed}:${this.taken.map(({picked}) => picked).join('.')}`;
  }
}
