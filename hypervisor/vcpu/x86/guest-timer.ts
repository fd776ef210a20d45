import {NS_PER_MS, type TaskQueue, type Timer} from '../../schedule/index.ts';

/**
 * A CPU that halts after so few instructions had a tick that found next to nothing to do: Debian's kernel takes 4,350 for
 * one, up to 19,000 when it keeps house, and more than 20,000 to give a shell its turn.
 */
const MAX_TICK_INSTRUCTIONS = 20_000;
const MAX_SLACK_NS = 64 * NS_PER_MS;
/** Of the time since the guest did something. */
const SLACK_SHARE = 1 / 8;

/**
 * The single-shot timer of one emulated CPU. While the CPU runs its deadline is looked at; while it is halted a timer of
 * the host's clock wakes it.
 *
 * A kernel that ticks 250 times a second at its prompt, as Debian's i386 one does (CONFIG_HZ_PERIODIC), would keep the
 * host busy for nothing. So the timer of a halted CPU may be late: by an eighth of the time for which there were but such
 * ticks, and by 64 ms at most. To the guest it is as if others had the CPU meanwhile, and one tick makes up for those
 * that were missed. Any event wakes it at once.
 */
export class GuestTimer {
  private readonly queue: TaskQueue;
  private readonly wake: () => void;
  private dueNs = Infinity;
  private alarm: Timer | undefined;
  private activeNs = 0;
  private haltedAt = 0;

  constructor(queue: TaskQueue, wake: () => void) {
    this.queue = queue;
    this.wake = wake;
  }

  /** `dueNs` is a time of the guest's clock, which may be over already. */
  set(dueNs: number): void {
    this.dueNs = dueNs;
  }

  stop(): void {
    this.dueNs = Infinity;
  }

  isDue(nowNs: number): boolean {
    return this.dueNs <= nowNs;
  }

  /** The CPU has halted at `instructions` retired (modulo 2^32): it is woken when the timer is due, or a little later. */
  arm(nowNs: number, instructions: number): void {
    if ((instructions - this.haltedAt) >>> 0 > MAX_TICK_INSTRUCTIONS) this.activeNs = nowNs;
    this.haltedAt = instructions;
    if (this.dueNs === Infinity) return;
    const slackNs = Math.min((nowNs - this.activeNs) * SLACK_SHARE, MAX_SLACK_NS);
    this.alarm = this.queue.after(this.dueNs + slackNs - this.queue.now(), this.wake);
  }

  disarm(): void {
    this.alarm?.cancel();
    this.alarm = undefined;
  }
}
