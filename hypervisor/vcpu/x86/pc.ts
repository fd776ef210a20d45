import {SHUTDOWN_poweroff, SHUTDOWN_reboot} from '../../abi/sched.ts';
import {ioMeterOf} from '../../cost/index.ts';
import type {Domain} from '../../domain.ts';
import {EmulatedIo, type MeterSlot} from '../../ioreq/index.ts';
import {claimPowerManagement} from './power-management.ts';
import type {X86Vcpu} from './x86-vcpu.ts';

/** Makes a PC of a domain's machine: emulated I/O, lines to the core's interrupt controllers, ACPI's fixed hardware. */
export const attachPc = (domain: Domain): void => {
  const [vcpu] = domain.vcpus as X86Vcpu[];
  const slot: MeterSlot = {meter: ioMeterOf(domain)};
  /** Of each line: who changed it last. */
  const owners: string[] = [];
  const pins = {
    setLevel: (irq: number, level: boolean, owner: string): void => {
      owners[irq] = owner;
      vcpu.setInterruptLine(irq, level);
    },
  };
  // The core takes interrupts by itself; that there was one is known when the guest ends it.
  vcpu.onInterruptEnd = (irq) => {
    slot.meter?.interrupt(owners[irq]);
    slot.meter?.eoi(owners[irq]);
  };
  domain.io = new EmulatedIo(domain.vcpus.length, pins, slot);
  claimPowerManagement(vcpu.ports, {
    now: () => vcpu.now(),
    powerOff: () => vcpu.powerOff(SHUTDOWN_poweroff),
    reset: () => vcpu.powerOff(SHUTDOWN_reboot),
  });
};
