import type {Struct} from '../abi/ctype.ts';
import type {StructInput} from '../abi/value.ts';
import type {Domain} from '../domain.ts';
import {EFAULT, ENOSYS} from '../errno.ts';
import type {Hypervisor} from '../hypervisor.ts';
import type {Fields, GuestAccess} from './guest-access.ts';

/** What of the calling vCPU a hypercall can change. */
export interface CallingVcpu {
  readonly index: number;
  /** The local APIC's vector by which events are signalled. */
  setUpcallVector(vector: number): void;
  /** Events come by a vector of the CPU without its APIC, which nobody has to acknowledge. */
  setCallbackVector(vector: number): void;
  /** Xen's system time as the guest sees it, ns. */
  now(): number;
  /** VIRQ_TIMER at that system time, or at once when it is over. */
  setTimer(atNs: number): void;
  stopTimer(): void;
  /**
   * Counts work that was done, a microsecond or a few a unit. True when the slice of the caller is used up, which ends
   * with this hypercall then. @see Xen, hypercall_preempt_check
   */
  preempt(units?: number): boolean;
  /** The caller waits for somebody else: its turn ends with the hypercall. */
  yield(): void;
  /** The code of the domain must not go on: it has shut itself down. */
  halt(): void;
}

/** Who calls. */
export interface Caller {
  readonly xen: Hypervisor;
  readonly domain: Domain;
  readonly vcpu: CallingVcpu;
  readonly guest: GuestAccess;
}

/** Arguments in the order of the ABI: ebx, ecx, edx, esi, edi. */
export type Arguments = number[];
/**
 * A result >= 0 or -errno. A long call does a part, changes its arguments to what is left and returns -ERESTART: the
 * guest comes again with them when it has its next turn, and knows of nothing. @see Xen, hypercall_create_continuation
 */
export type Hypercall = (caller: Caller, args: Arguments) => number;

/** A result with members of the argument to write back. */
interface Reply {
  result: number;
  out: StructInput;
}

/** One command of a hypercall that takes a pointer to a struct. */
export interface Command {
  readonly struct: Struct;
  readonly run: (caller: Caller, arg: never) => number | Reply;
}

/** Ties a command's code to the struct that it is handed. */
export const command = <Names extends string>(
  struct: Struct<Names>,
  run: (caller: Caller, arg: Fields<Names>) => number | Reply,
): Command => ({struct, run});

/** Decodes the struct at `address`, runs the command and writes back what it answers. */
export const runCommand = (caller: Caller, {struct, run}: Command, address: number): number => {
  const arg = caller.guest.read(struct, address);
  if (arg === undefined) return -EFAULT;
  const reply = run(caller, arg as never);
  if (typeof reply === 'number') return reply;
  return caller.guest.write(struct, address, reply.out) ? reply.result : -EFAULT;
};

/** A port, or -errno: what several event channel operations answer in a member of their struct. */
export const answer = (member: string, result: number): number | Reply =>
  result < 0 ? result : {result: 0, out: {[member]: result}};

/** A hypercall whose first argument selects a command and whose second points to its struct. */
export const commands =
  (table: Readonly<Record<number, Command>>): Hypercall =>
  (caller, [cmd, address]) => {
    const found = table[cmd];
    return found === undefined ? -ENOSYS : runCommand(caller, found, address);
  };
