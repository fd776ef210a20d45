import {distinctUntilChanged, filter, firstValueFrom, map, merge, NEVER, startWith, switchMap} from 'rxjs';
import {XenbusStateClosed, XenbusStateClosing, XenbusStateConnected} from '../../hypervisor/abi/io/xenbus.ts';
import {NS_PER_S, type TaskQueue} from '../../hypervisor/schedule/index.ts';
import type {XenbusBus, XenbusDevice} from '../../hypervisor/xenbus/index.ts';
import type {XsClient} from '../../hypervisor/xenstore/index.ts';
import type {KernelLog} from './kernel-log.ts';
import {withTimeout} from './sleep.ts';

const TIMEOUT_NS = 30 * NS_PER_S;

/** Waits until the devices that the domain was built with work or have failed: programs expect their disks. */
export const waitForDevices = async (options: {
  bus: XenbusBus;
  xs: XsClient;
  types: readonly string[];
  schedule: TaskQueue;
  log: KernelLog;
}): Promise<void> => {
  const {bus, xs, types, schedule, log} = options;
  const paths: string[] = [];
  for (const type of types) {
    const names = (await xs.directory(`device/${type}`).catch(() => undefined)) ?? [];
    paths.push(...names.map((name) => `device/${type}/${name}`));
  }
  await Promise.all(
    paths.map(async (path) => {
      const device = await withTimeout(schedule, TIMEOUT_NS, whenSettled(bus, path));
      if (device === undefined) log.info(`xenbus: timeout waiting for ${path}`);
      else await device.settled();
    }),
  );
};

const whenSettled = (bus: XenbusBus, path: string): Promise<XenbusDevice> => {
  const gone = bus.events.pipe(
    filter(({type, device}) => type === 'removed' && device.path === path),
    map(({device}) => device),
  );
  const settled = bus.events.pipe(
    startWith(undefined),
    map(() => bus.device(path)),
    distinctUntilChanged(),
    switchMap((device) =>
      device === undefined ? NEVER : merge(device.states, device.otherStates).pipe(map(() => device)),
    ),
    filter(isSettled),
  );
  return firstValueFrom(merge(gone, settled));
};

const isSettled = ({state, otherState}: XenbusDevice): boolean =>
  state === XenbusStateClosing ||
  state === XenbusStateClosed ||
  (state === XenbusStateConnected && otherState === XenbusStateConnected);
