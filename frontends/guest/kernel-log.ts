import {NS_PER_S, type TaskQueue} from '../../hypervisor/schedule/index.ts';

/** The oldest messages go when there are more. */
const MAX_LINES = 2000;

/** The kernel's messages, stamped with the seconds since it started: what dmesg shows. */
export class KernelLog {
  private readonly schedule: TaskQueue;
  private readonly bootNs: number;
  private readonly onMessage: (lines: readonly string[]) => void;
  private kept: string[] = [];

  constructor(schedule: TaskQueue, onMessage: (lines: readonly string[]) => void) {
    this.schedule = schedule;
    this.bootNs = schedule.now();
    this.onMessage = onMessage;
  }

  get lines(): readonly string[] {
    return this.kept;
  }

  /** Nanoseconds since the kernel started. */
  get uptimeNs(): number {
    return this.schedule.now() - this.bootNs;
  }

  /** Adds a message; each of its lines gets the stamp. */
  info(message: string): void {
    const stamp = `[${(this.uptimeNs / NS_PER_S).toFixed(6).padStart(12)}]`;
    const lines = message.split('\n').map((text) => `${stamp} ${text}`);
    this.kept.push(...lines);
    if (this.kept.length > MAX_LINES) this.kept = this.kept.slice(-MAX_LINES / 2);
    this.onMessage(lines);
  }

  clear(): void {
    this.kept = [];
  }
}
