import type {HypervisorOps} from '../../hypervisor/ops.ts';
import type {BlockDevice, NetDevice} from '../api.ts';
import {probeIde} from '../emulated/ide/index.ts';
import {type NativeMachine, nativeMachine} from '../emulated/machine.ts';
import {probeNics} from '../emulated/nics.ts';
import {unplugEmulated, unplugPolicy} from '../emulated/unplug.ts';
import type {CommandLine} from './command-line.ts';
import type {KernelLog} from './kernel-log.ts';

/** PV devices that an emulated one may stand for. */
const TWINS: ReadonlySet<string> = new Set(['vbd', 'vif']);

/** Where drivers hand over devices that work, and how they are to call them. */
interface Sinks {
  readonly onDisk: (disk: BlockDevice) => void;
  readonly onNic: (nic: NetDevice) => void;
  /** Names of interfaces that PV ones have: eth0 and so on. */
  readonly pvNics: number;
}

/** What an HVM guest has beside its PV devices: the same disks and interfaces once more, as a PC has them. */
export class EmulatedHardware {
  private readonly machine: NativeMachine;
  private readonly line: CommandLine;

  private constructor(machine: NativeMachine, line: CommandLine) {
    this.machine = machine;
    this.line = line;
  }

  /** Undefined in a PV or PVH guest. */
  static find(ops: HypervisorOps, line: CommandLine): EmulatedHardware | undefined {
    const machine = nativeMachine(ops);
    return machine && new EmulatedHardware(machine, line);
  }

  /** PV devices of this type are left alone: their emulated twins are used. */
  replaces(type: string): boolean {
    return TWINS.has(type) && !this.policy.usesPv;
  }

  /** Has what is not used taken away, before anybody looks for it. */
  unplug(log: KernelLog): void {
    const {devices} = this.policy;
    if (devices === 0) return;
    const result = unplugEmulated(this.machine.io, devices);
    if (result !== 'unplugged') log.info(`xen_emul_unplug: emulated devices stay: ${result}`);
  }

  /** Starts the drivers of what is there. */
  async probe({onDisk, onNic, pvNics}: Sinks): Promise<void> {
    const {drives} = await probeIde(this.machine, {transfer: this.isDmaOff ? 'pio' : 'dma'});
    for (const drive of drives) onDisk(drive);
    for (const nic of probeNics(this.machine, {first: pvNics})) onNic(nic);
  }

  /** What is done about the two of each device, in Linux's words. */
  private get policy(): ReturnType<typeof unplugPolicy> {
    return unplugPolicy(this.line.values.get('xen_emul_unplug'));
  }

  /** As of Linux's libata. */
  private get isDmaOff(): boolean {
    return this.line.values.get('libata.dma') === '0';
  }
}
