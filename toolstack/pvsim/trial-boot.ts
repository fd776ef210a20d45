import {NS_PER_S, virtualClock} from '../../hypervisor/schedule/index.ts';
import {X86Vcpu} from '../../hypervisor/vcpu/x86/index.ts';
import type {DomainConfig, ShutdownReason} from '../config/index.ts';
import {createHost} from '../host/host.ts';
import {lastWords} from '../host/last-words.ts';

export interface TrialOptions {
  /** Path of the kernel, in place of the config's. */
  readonly kernel: string;
  readonly config: DomainConfig | undefined;
  /** Of the guest's time. */
  readonly seconds: number;
}

const SEED = 1;
const STEP_NS = NS_PER_S / 100;
const CONSOLE_LINES = 12;
/** By SHUTDOWN_* */
const reasons: readonly ShutdownReason[] = ['poweroff', 'reboot', 'suspend', 'crash', 'watchdog', 'soft_reset'];

/**
 * Boots a kernel on a host of its own, in virtual time and with its disks read-only, and tells where it stands then: for
 * one that dies early. In lines; ToolstackError when it cannot be booted.
 */
export const trialBoot = async ({kernel, config, seconds}: TrialOptions): Promise<string[]> => {
  const host = await createHost({clock: virtualClock(SEED)});
  try {
    const domid = await host.create(trialConfig(config ?? host.parse('name="trial"\ntype="pvh"\nkernel=""'), kernel));
    const domain = host.xen.domain(domid);
    const vcpu = domain?.vcpus[0];
    if (domain === undefined || !(vcpu instanceof X86Vcpu)) return ['It is no kernel for the x86 engine.'];
    const startNs = host.clock.now();
    const endNs = startNs + seconds * NS_PER_S;
    while (host.clock.now() < endNs && domain.shutdownReason === undefined) await host.clock.sleep(STEP_NS);
    const ranSeconds = ((host.clock.now() - startNs) / NS_PER_S).toFixed(2);
    const {instructions} = vcpu.counters();
    const {shutdownReason} = domain;
    const end = shutdownReason === undefined ? 'it has not ended' : `it ended: ${reasons[shutdownReason]}`;
    const report = vcpu.report();
    // What it said without telling dom0 is still on its ring.
    host.consoles.remove(domid);
    const hypervisorLines = host.dmesg().filter((line) => line.includes(`d${domid}: `) || line.includes('crashed'));
    return [
      `Booted: after ${ranSeconds} s of its time and ${instructions} instructions ${end}`,
      ...report.map((line) => `  ${line}`),
      "The hypervisor's console:",
      ...indented(hypervisorLines.slice(-CONSOLE_LINES)),
      "The guest's console:",
      ...indented(lastWords(host.consoles.guest(domid)?.scrollback ?? new Uint8Array(), CONSOLE_LINES)),
    ];
  } finally {
    await host.close({graceNs: 0});
  }
};

const indented = (lines: readonly string[]): string[] =>
  lines.length === 0 ? ['  (nothing)'] : lines.map((line) => `  ${line}`);

const trialConfig = (config: DomainConfig, kernel: string): DomainConfig => ({
  ...config,
  kernel,
  bootloader: undefined,
  onPoweroff: 'preserve',
  onReboot: 'preserve',
  onCrash: 'preserve',
  onWatchdog: 'preserve',
  disks: config.disks.map((disk) => ({...disk, readwrite: false})),
});
