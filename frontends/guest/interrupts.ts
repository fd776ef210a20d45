import {HVM_PARAM_CONSOLE_EVTCHN, HVM_PARAM_STORE_EVTCHN} from '../../hypervisor/abi/hvm/params.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import type {XenbusBus, XenbusDevice} from '../../hypervisor/xenbus/index.ts';
import type {InterruptLine} from './machine.ts';

const PORT_NODES = ['event-channel', 'event-channel-tx', 'event-channel-rx'];

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
  for (const directory of ['', ...queues.map((queue) => `${queue}/`)]) {
    for (const node of PORT_NODES) {
      const port = await device.read(`${directory}${node}`).catch(() => undefined);
      const detail = `${directory}${node.slice('event-channel'.length)}`;
      if (port !== undefined)
        users.set(Number(port), `${device.type}/${device.devid}${detail === '' ? '' : ` ${detail}`}`);
    }
  }
};
