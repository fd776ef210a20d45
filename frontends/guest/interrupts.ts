import {HVM_PARAM_CONSOLE_EVTCHN, HVM_PARAM_STORE_EVTCHN} from '../../hypervisor/abi/hvm/params.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import type {XenbusBus, XenbusDevice} from '../../hypervisor/xenbus/index.ts';
import type {InterruptLine} from './machine.ts';

/** Nodes that hold a port, and what to call it. */
const portNodes = [
  ['event-channel', ''],
  ['event-channel-tx', '-tx'],
  ['event-channel-rx', '-rx'],
];

/** The open event channels with their counts and what they are for. */
export const listInterrupts = async (ops: HypervisorOps, bus: XenbusBus): Promise<InterruptLine[]> => {
  const users = new Map<number, string>([
    [ops.hvmParam(HVM_PARAM_STORE_EVTCHN), 'xenstore'],
    [ops.hvmParam(HVM_PARAM_CONSOLE_EVTCHN), 'hvc0'],
  ]);
  for (const device of bus.devices) await nameDevicePorts(device, users);
  return ops.interruptCounts().map((line) => ({...line, user: users.get(line.port) ?? ''}));
};

/** A device's ports as it published them; with several queues each has a directory. */
const nameDevicePorts = async (device: XenbusDevice, users: Map<number, string>): Promise<void> => {
  const names = (await device.xs.directory(device.path).catch(() => undefined)) ?? [];
  const queues = names.filter((name) => name.startsWith('queue-'));
  for (const queue of ['', ...queues]) {
    for (const [node, suffix] of portNodes) {
      const port = await device.read(queue === '' ? node : `${queue}/${node}`).catch(() => undefined);
      const user = `${device.type}/${device.devid}${queue === '' ? '' : `-${queue}`}${suffix}`;
      if (port !== undefined) users.set(Number(port), user);
    }
  }
};
