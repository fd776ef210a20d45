import {Worker} from 'node:worker_threads';
import type {BenchPoint} from './point.ts';
import type {PointResult} from './result.ts';

/** Longest that a point may take of this machine's time: a driver that polls for ever never comes to an end by itself. */
const LIMIT_MS = 120_000;

/** What is the same for all points. */
export interface RunTerms {
  readonly seed: number;
  /** As `--price` has it. */
  readonly price: string;
  /** As `--setup` has it. */
  readonly setup: string;
}

/** A thread that runs points one after another. One that hangs is replaced, at the price of its point. */
export class PointRunner {
  private readonly terms: RunTerms;
  private readonly limitMs: number;
  private worker: Worker | undefined;
  /** Takes the result of the point under way, or why there will be none. */
  private settle: (outcome: PointResult | string) => void = () => undefined;

  constructor(terms: RunTerms, limitMs = LIMIT_MS) {
    this.terms = terms;
    this.limitMs = limitMs;
  }

  async run(point: BenchPoint): Promise<PointResult> {
    this.worker ??= this.start();
    let timer: NodeJS.Timeout | undefined;
    const outcome = await new Promise<PointResult | string>((resolve) => {
      this.settle = resolve;
      timer = setTimeout(() => resolve(`no end within ${this.limitMs / 1000} s of this machine`), this.limitMs);
      this.worker?.postMessage(point);
    });
    clearTimeout(timer);
    if (typeof outcome !== 'string') return outcome;
    await this.end();
    return {state: 'failed', point, reason: outcome};
  }

  /** Ends what is under way: `run` resolves with a failure. */
  async end(): Promise<void> {
    const {worker} = this;
    this.worker = undefined;
    await worker?.terminate();
  }

  private start(): Worker {
    const worker = new Worker(new URL('worker.js', import.meta.url), {workerData: this.terms});
    worker.on('message', (result: PointResult) => this.settle(result));
    worker.on('error', (error) => this.settle(String(error)));
    worker.on('exit', () => this.settle('its thread was ended'));
    return worker;
  }
}
