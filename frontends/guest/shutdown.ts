import {filter, firstValueFrom} from 'rxjs';
import {XenbusStateClosed, XenbusStateClosing, XenbusStateConnected} from '../../hypervisor/abi/io/xenbus.ts';
import {SHUTDOWN_poweroff, SHUTDOWN_reboot} from '../../hypervisor/abi/sched.ts';
import {NS_PER_S, type TaskQueue} from '../../hypervisor/schedule/index.ts';
import type {XenbusDevice} from '../../hypervisor/xenbus/index.ts';
import type {BlockDevice} from '../api.ts';
import type {KernelLog} from './kernel-log.ts';
import {withTimeout} from './sleep.ts';

export type StopReason = 'poweroff' | 'halt' | 'reboot';

/** What the kernel says last, and what it tells the hypervisor. Linux too powers off a domain that halts. */
export const stopActions: Readonly<Record<StopReason, {message: string; shutdownReason: number}>> = {
  poweroff: {message: 'reboot: Power down', shutdownReason: SHUTDOWN_poweroff},
  halt: {message: 'reboot: System halted', shutdownReason: SHUTDOWN_poweroff},
  reboot: {message: 'reboot: Restarting system', shutdownReason: SHUTDOWN_reboot},
};

/** A peer that does not follow must not keep the guest from going down. */
const CLOSE_TIMEOUT_NS = 5 * NS_PER_S;
const FLUSH_TIMEOUT_NS = 30 * NS_PER_S;

/** Writes back what disks may still hold. */
export const flushDisks = async (disks: readonly BlockDevice[], schedule: TaskQueue): Promise<void> => {
  const flushes = disks.filter((disk) => !disk.readonly).map((disk) => disk.flush().catch(() => undefined));
  await withTimeout(schedule, FLUSH_TIMEOUT_NS, Promise.all(flushes));
};

/** Closes devices one after another, the youngest first: Closing, the backend follows, Closed. */
export const closeDevices = async (
  devices: readonly XenbusDevice[],
  schedule: TaskQueue,
  log: KernelLog,
): Promise<void> => {
  for (const device of devices.toReversed()) {
    if (device.state === XenbusStateConnected) await closeDevice(device, schedule, log);
  }
};

const closeDevice = async (device: XenbusDevice, schedule: TaskQueue, log: KernelLog): Promise<void> => {
  const isClosed = firstValueFrom(device.states.pipe(filter((state) => state === XenbusStateClosed)), {
    defaultValue: XenbusStateClosed,
  });
  // The driver answers the backend's Closing with Closed.
  device.enqueue(() => device.switchState(XenbusStateClosing));
  if ((await withTimeout(schedule, CLOSE_TIMEOUT_NS, isClosed)) === undefined) {
    log.info(`xenbus: ${device.path}: timeout closing device`);
  }
  await device.settled();
};
