import {SHUTDOWN_poweroff, SHUTDOWN_reboot} from '../../abi/sched.ts';
import {VIRQ_TIMER} from '../../abi/xen.ts';
import type {Domain} from '../../domain.ts';
import {type CallingVcpu, GuestAccess, HypercallDoor} from '../../hypercall/index.ts';
import type {Hypervisor} from '../../hypervisor.ts';
import type {SchedUnit} from '../../sched/index.ts';
import {type ExitReason, noExits, type VcpuCounters} from '../counters.ts';
import type {Vcpu} from '../vcpu.ts';
import {RESET_PORT, SLEEP_CONTROL_PORT, SLEEP_ENABLE} from './acpi/index.ts';
import type {BootProtocol, CoreHost, X86Core} from './core.ts';
import {EAX} from './core-state.ts';
import {cpuReport} from './cpu-report.ts';
import {DEBUG_CONSOLE_PORT, DebugConsole} from './debug-console.ts';
import {type GuestClock, guestClock, toMs} from './guest-clock.ts';
import {GuestTimer} from './guest-timer.ts';
import {translate} from './page-walk.ts';
import {HOOK_CPUID, HOOK_EOI, HOOK_RDMSR, HOOK_STRING_IO, HOOK_UD, HOOK_WRMSR} from './patch.ts';
import {ALL_ONES, PortMap} from './ports.ts';
import {writeTimeInfo, writeWallClock} from './pv-clock.ts';
import {repeatStringIo} from './string-io.ts';
import {doCpuid, doHypercall, doReadMsr, doWriteMsr, isHypercall} from './trapped-instructions.ts';

/** Work that a guest has the host do before its slice ends early, in exits and what hypercalls count. */
const SLICE_WORK = 4096;

const INDEX = 0;
const NO_VECTOR = 0;

/** Runs a real kernel: the only vCPU of its domain, in slices of about a millisecond that take turns with all else. */
export class X86Vcpu implements Vcpu, CoreHost, CallingVcpu {
  readonly index = INDEX;
  readonly ports = new PortMap();
  readonly door: HypercallDoor;
  cpuTimeNs = 0;
  upcalls = 0;
  /** Of emulated devices, that the guest has ended. */
  private interrupts = 0;
  /** Is told of each: the line that the interrupt came by. */
  onInterruptEnd: ((irq: number) => void) | undefined;
  /** Retired in the slices so far. */
  private instructions = 0;
  private readonly exits = noExits();
  /** Work done for the guest in this slice. */
  private work = 0;
  private readonly xen: Hypervisor;
  private readonly domain: Domain;
  private readonly core: X86Core;
  private readonly unit: SchedUnit;
  private readonly clock: GuestClock;
  private readonly timer: GuestTimer;
  /** How events reach the CPU: as interrupts of its APIC, or else without it, as HVM_PARAM_CALLBACK_IRQ asked. */
  private upcallVector = NO_VECTOR;
  private callbackVector = NO_VECTOR;
  private started = false;
  private stopped = false;
  private queued = false;
  private running = false;
  /** The CPU is halted for the rest of its slice only. */
  private yielding = false;
  /** An upcall is due that the CPU has not been told of. */
  private upcallDue = false;
  /** The CPU is halted to get out of the core's loop, and then takes an interrupt. */
  private nudged = false;

  constructor(xen: Hypervisor, domain: Domain, core: X86Core) {
    this.xen = xen;
    this.domain = domain;
    this.core = core;
    this.unit = domain.sched.units[INDEX];
    this.clock = guestClock(xen.schedule);
    this.timer = new GuestTimer(domain.schedule, () => this.queueSlice());
    const guest = new GuestAccess(domain.memory, domain.abi, (linear) => translate(core, domain.memory, linear));
    this.door = new HypercallDoor({xen, domain, vcpu: this, guest});
    this.ports.claim(SLEEP_CONTROL_PORT, {
      write: (value) => {
        if ((value & SLEEP_ENABLE) !== 0) this.powerOff(SHUTDOWN_poweroff);
      },
    });
    this.ports.claim(RESET_PORT, {write: () => this.powerOff(SHUTDOWN_reboot)});
    this.ports.claim(DEBUG_CONSOLE_PORT, new DebugConsole((line) => xen.log(`d${domain.id}: ${line}`)));
    core.connect(this);
  }

  /** Sets the CPU to its state at an entry point. It runs once the domain is unpaused. */
  start(entry: number, address: number, protocol: BootProtocol): void {
    this.core.enterProtectedMode(entry, address, protocol);
    this.begin();
  }

  /** Sets the CPU to the state in which another domain suspended: there SCHEDOP_shutdown returns 0. */
  restore(context: Uint8Array): void {
    this.core.loadContext(context);
    this.begin();
  }

  saveContext(): Uint8Array {
    return this.core.saveContext();
  }

  cancelSuspend(): void {
    this.core.registers[EAX] = 1;
    this.core.wake();
    this.queueSlice();
  }

  get blocked(): boolean {
    return this.unit.idle;
  }

  kick(): void {
    this.upcallDue = true;
    // From within a hypercall of its own the interrupt is raised before that returns.
    if (!this.running) this.queueSlice();
  }

  /** Slices of a paused domain are held by its queue, which has put them back by now. */
  resume(): void {
    if (this.upcallDue) this.queueSlice();
  }

  stop(): void {
    this.stopped = true;
    this.timer.disarm();
  }

  counters(): VcpuCounters {
    const {counts} = this.door;
    return {
      instructions: this.instructions,
      upcalls: this.upcalls,
      interrupts: this.interrupts,
      exits: {...this.exits},
      hypercalls: counts.byNumber(),
      unknownHypercalls: counts.unknown(),
    };
  }

  setUpcallVector(vector: number): void {
    this.upcallVector = vector;
    this.raisePending();
  }

  setCallbackVector(vector: number): void {
    this.callbackVector = vector;
    this.raisePending();
  }

  now(): number {
    return this.clock.now(this.core.instructions);
  }

  setTimer(atNs: number): void {
    this.timer.set(atNs);
  }

  stopTimer(): void {
    this.timer.stop();
  }

  preempt(units = 1): boolean {
    this.work += units;
    return this.work >= SLICE_WORK;
  }

  yield(): void {
    this.yielding = true;
    this.core.halt();
  }

  halt(): void {
    this.core.halt();
  }

  /** A device changed the level of its line. */
  setInterruptLine(irq: number, level: boolean): void {
    this.core.setInterruptLine(irq, level);
    if (!level) return;
    if (!this.running) return this.queueSlice();
    // Within an access: the core takes it at the next instruction, or else when interrupts are turned on.
    if (!this.core.interruptsEnabled) return;
    this.nudged = true;
    this.core.halt();
  }

  /** Called by the core now and then, and when it halts. */
  checkTimer(nowNs: number): void {
    if (this.nudged) this.goOn();
    if (!this.timer.isDue(nowNs)) return;
    this.timer.stop();
    this.xen.eventChannels.raiseVirq(this.domain, VIRQ_TIMER, INDEX);
    this.deliverUpcall();
  }

  microtick(): number {
    return toMs(this.clock.read(this.core.instructions));
  }

  randomU32(): number {
    return this.xen.schedule.random() | 0;
  }

  readPort(port: number, bytes: number): number {
    this.exit('io');
    const {io} = this.domain;
    return io === undefined || this.ports.has(port) ? this.ports.read(port, bytes) : io.readPort(INDEX, port, bytes);
  }

  writePort(port: number, value: number, bytes: number): void {
    this.exit('io');
    const {io} = this.domain;
    if (io === undefined || this.ports.has(port)) this.ports.write(port, value, bytes);
    else io.writePort(INDEX, port, bytes, value);
  }

  readMemory(address: number, bytes: number): number {
    this.exit('mmio');
    return this.domain.io?.readMemory(INDEX, address, bytes) ?? ALL_ONES[bytes];
  }

  writeMemory(address: number, value: number, bytes: number): void {
    this.exit('mmio');
    this.domain.io?.writeMemory(INDEX, address, bytes, value);
  }

  /** The guest writes to its local APIC, on Xen an exit. */
  endOfInterrupt(): boolean {
    this.exits.eoi++;
    const vector = this.core.vectorInService;
    const irq = vector === this.upcallVector ? -1 : this.core.interruptLineOf(vector);
    if (irq < 0) return true;
    this.interrupts++;
    this.onInterruptEnd?.(irq);
    return true;
  }

  stringIo(): boolean {
    const {core, domain} = this;
    if (domain.io === undefined || !repeatStringIo(core, domain.memory, domain.io, INDEX)) return false;
    this.exit('io');
    return true;
  }

  hook(hook: number): boolean {
    return hooks[hook](this);
  }

  cpuid(): boolean {
    this.exits.cpuid++;
    return doCpuid(this.core, this.domain.id);
  }

  writeMsr(): boolean {
    this.exit('msr');
    return doWriteMsr(this.core);
  }

  readMsr(): boolean {
    this.exit('msr');
    return doReadMsr(this.core);
  }

  undefinedOpcode(): boolean {
    if (!isHypercall(this.core, this.domain.memory)) return false;
    this.exit('hypercall');
    doHypercall(this.core, this.door);
    if (this.work >= SLICE_WORK) this.yield();
    this.deliverUpcall();
    return true;
  }

  /** Where it stands and how it came there, in lines for a person. */
  report(): string[] {
    return cpuReport(this.core, this.domain.memory, this.door.history, this.ports);
  }

  toString(): string {
    return this.core.toString();
  }

  /** Counts a way out of the guest's code. */
  private exit(reason: ExitReason): void {
    this.exits[reason]++;
    if (this.preempt()) this.yield();
  }

  private begin(): void {
    const {core, domain, xen} = this;
    writeTimeInfo(domain, INDEX, core.readTsc(), this.clock.now(core.instructions));
    writeWallClock(domain, xen.schedule.epochMs);
    this.started = true;
    this.queueSlice();
  }

  private queueSlice(): void {
    if (this.queued || this.stopped || !this.started) return;
    this.queued = true;
    this.unit.submit(0, this.slice);
  }

  private readonly slice = (): void => {
    this.queued = false;
    if (this.stopped) return;
    const {core, clock} = this;
    this.timer.disarm();
    this.work = 0;
    const startInstructions = core.instructions;
    clock.beginSlice(startInstructions);
    this.running = true;
    this.checkTimer(this.now());
    this.deliverUpcall();
    core.takeInterrupts();
    this.runCore();
    this.running = false;
    if (this.yielding) this.endYield();
    this.instructions += (core.instructions - startInstructions) >>> 0;
    this.cpuTimeNs += clock.endSlice(core.instructions);
    // In virtual time the slice took none of it yet: the CPU is busy for so long.
    const owedNs = clock.freeAtNs - this.xen.schedule.now();
    if (owedNs > 0) this.unit.submit(owedNs);
    this.exits[core.halted ? 'halt' : 'slice']++;
    if (!core.halted || this.canDeliver) this.queueSlice();
    else if (!core.interruptsEnabled) this.powerOff(SHUTDOWN_poweroff);
    else this.timer.arm(this.now(), core.instructions);
  };

  /** v86 gives up with a trap where a CPU would reset: a triple fault, or what it does not know. */
  private runCore(): void {
    try {
      this.core.run();
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'RuntimeError') throw error;
      this.stopped = true;
      for (const line of this.report().slice(1)) this.xen.log(`d${this.domain.id}: ${line}`);
      this.xen.crash(this.domain, `triple fault, or an instruction that v86 does not know: ${this.toString()}`);
    }
  }

  /** The core takes the interrupt now, if interrupts are on. */
  private goOn(): void {
    this.nudged = false;
    if (!this.yielding) this.core.wake();
  }

  private endYield(): void {
    this.yielding = false;
    this.clock.yield();
    this.core.wake();
  }

  /** What came before the guest said by which vector it wants to hear of it. */
  private raisePending(): void {
    if (this.domain.sharedInfo.upcallPending(INDEX)) this.upcallDue = true;
  }

  private get canDeliver(): boolean {
    return this.upcallDue && (this.upcallVector !== NO_VECTOR || this.callbackVector !== NO_VECTOR);
  }

  private deliverUpcall(): void {
    if (!this.canDeliver) return;
    this.upcallDue = false;
    this.upcalls++;
    if (this.xen.trace.on) this.xen.trace.emit('upcall', this.domain.id, INDEX, 1);
    if (this.upcallVector !== NO_VECTOR) this.core.requestInterrupt(this.upcallVector);
    else this.core.requestUnacknowledged(this.callbackVector);
  }

  /** Also for a CPU that halted with interrupts off: nothing can wake it, and Xen takes that for a power-off. */
  powerOff(reason: number): void {
    this.xen.shutdown(this.domain, reason);
    this.core.halt();
  }
}

const hooks: Readonly<Record<number, (vcpu: X86Vcpu) => boolean>> = {
  [HOOK_CPUID]: (vcpu) => vcpu.cpuid(),
  [HOOK_WRMSR]: (vcpu) => vcpu.writeMsr(),
  [HOOK_RDMSR]: (vcpu) => vcpu.readMsr(),
  [HOOK_UD]: (vcpu) => vcpu.undefinedOpcode(),
  [HOOK_STRING_IO]: (vcpu) => vcpu.stringIo(),
  [HOOK_EOI]: (vcpu) => vcpu.endOfInterrupt(),
};
