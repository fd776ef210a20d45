import {Subject, type Observable} from 'rxjs';
import type {Domain} from '../domain.ts';
import type {SchedUnit} from '../sched/index.ts';
import type {Schedule, Task} from '../schedule/index.ts';
import type {Tracer} from '../trace/index.ts';
import {noExits, type VcpuCounters} from './counters.ts';
import {guarded} from './guarded.ts';
import type {Vcpu} from './vcpu.ts';

/** Runs a TypeScript guest: its code is what its ports' subscribers do. One upcall is one task of the host's queue. */
export class ProgramVcpu implements Vcpu {
  upcalls = 0;
  private readonly domain: Domain;
  private readonly unit: SchedUnit;
  private readonly index: number;
  private readonly schedule: Schedule;
  private readonly trace: Tracer;
  private readonly handlers: (Subject<void> | undefined)[] = [];
  private upcallNs = 0;
  private queued = false;
  private stopped = false;

  constructor(domain: Domain, index: number, schedule: Schedule, trace: Tracer) {
    this.domain = domain;
    this.unit = domain.sched.units[index];
    // The first vCPU is the one that the kernel's own tasks run on.
    if (index === 0 && !domain.privileged) domain.schedule.gate = this.unit;
    this.index = index;
    this.schedule = schedule;
    this.trace = trace;
  }

  get blocked(): boolean {
    return !this.queued && this.unit.idle;
  }

  /** What its upcalls took by the clock, and what its programs computed. */
  get cpuTimeNs(): number {
    return this.upcallNs + this.unit.paidNs;
  }

  kick(): void {
    if (this.queued || this.stopped || !this.domain.runnable) return;
    this.queued = true;
    if (this.unit.gated) this.unit.interrupt(this.upcall);
    else this.schedule.post(this.upcall);
  }

  resume(): void {
    if (this.domain.sharedInfo.upcallPending(this.index)) this.kick();
  }

  stop(): void {
    this.stopped = true;
    for (const handler of this.handlers) handler?.complete();
    this.handlers.length = 0;
  }

  /** A program has no instructions, and its hypercalls are direct calls. */
  counters(): VcpuCounters {
    const {upcalls} = this;
    return {
      instructions: 0,
      upcalls,
      interrupts: 0,
      exits: noExits(),
      hypercalls: new Map(),
      unknownHypercalls: new Map(),
    };
  }

  /** Events of a port: one emission for each upcall that finds it pending. */
  events(port: number): Observable<void> {
    const subject = this.handlers[port] ?? new Subject<void>();
    this.handlers[port] = subject;
    return guarded(subject, this.domain.onFault);
  }

  /** The port was closed: its subscribers are done. */
  forget(port: number): void {
    this.handlers[port]?.complete();
    this.handlers[port] = undefined;
  }

  toString(): string {
    return `program, ${this.handlers.filter((handler) => handler !== undefined).length} ports with handlers`;
  }

  private readonly upcall: Task = () => {
    this.queued = false;
    // Held back while paused: the pending words keep the event, resume() looks at them.
    if (this.stopped || !this.domain.runnable) return;
    const startNs = this.schedule.now();
    this.upcalls++;
    const ports = this.domain.events.takePending(this.index, this.dispatch);
    this.upcallNs += this.schedule.now() - startNs;
    if (this.trace.on) this.trace.emit('upcall', this.domain.id, this.index, ports);
  };

  private readonly dispatch = (port: number): void => {
    this.handlers[port]?.next();
  };
}
