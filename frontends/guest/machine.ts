import type {TaskQueue} from '../../hypervisor/schedule/index.ts';
import type {XsClient} from '../../hypervisor/xenstore/index.ts';
import type {BlockDevice} from '../api.ts';
import type {CommandLine} from './command-line.ts';
import type {DeviceSet} from './device-set.ts';
import type {KernelLog} from './kernel-log.ts';
import type {NetStack} from './net/index.ts';
import type {ScsiDevices} from './scsi/index.ts';
import type {NetworkSetup} from './network-setup.ts';
import type {StopReason} from './shutdown.ts';

/** A line of /proc/interrupts. */
export interface InterruptLine {
  port: number;
  /** Kind of the event channel: "interdomain", "virq", "ipi", "unbound". */
  kind: string;
  count: number;
  /** Who it is for: "xenstore", "hvc0", "vbd/51712". */
  user: string;
}

/** What the shell's commands see of the running kernel. */
export interface Machine {
  hostname: string;
  readonly commandLine: CommandLine;
  readonly schedule: TaskQueue;
  readonly log: KernelLog;
  readonly blocks: DeviceSet<BlockDevice>;
  readonly scsi: ScsiDevices;
  readonly net: NetStack;
  readonly network: NetworkSetup;
  readonly xs: XsClient;
  /** Resolves when a vCPU has computed for so long; rejects when there is none of that number. */
  burn(ns: number, vcpu: number): Promise<void>;
  memory(): {totalKib: number; freeKib: number};
  interrupts(): Promise<InterruptLine[]>;
  /** Takes the machine down in order; never resolves. */
  stop(reason: StopReason): Promise<never>;
  /** Crashes the domain at once. */
  panic(reason: string): void;
}
