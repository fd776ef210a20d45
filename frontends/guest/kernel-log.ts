import {NS_PER_S, type TaskQueue} from '../../hypervisor/schedule/index.ts';

/** The oldest messages go when there are more. */
const MAX_LINES = 2000;

/** The kernel's messages, stamped with the seconds since it started: what dmesg shows. */
export class KernelLog {
  private readonly schedule: TaskQueue;
  private readonly bootNs: number;
  private readonly onLine: (line: string) => void;
  private kept: string[] = [];

  constructor(schedule: TaskQueue, onLine: (line: string) => void) {
    this.schedule = schedule;
    this.bootNs = schedule.now();
    this.onLine = onLine;
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
    for (const text of message.split('\n')) this.append(`${stamp} ${text}`);
  }

  clear(): void {
    this.kept = [];
  }

  private append(line: string): void {
    this.kept.push(line);
    if (this.kept.length > MAX_LINES) this.kept = this.kept.slice(-MAX_LINES / 2);
    this.onLine(line);
  }
}
