import type {DomId} from '../../hypervisor/index.ts';
import type {XsClient} from '../../hypervisor/xenstore/index.ts';
import {clear} from './nodes.ts';

/** Directories below /local/domain/N that the guest may only read, and those that are its own. */
const readonlyDirectories = ['cpu', 'memory', 'device'];
const guestNodes = [
  'control/shutdown',
  'control/feature-poweroff',
  'control/feature-reboot',
  'control/feature-suspend',
  'control/sysrq',
  'data',
  'drivers',
  'feature',
  'attr',
  'error',
];

/** Where a driver domain's own libxl writes. */
const driverDirectories = ['libxl', 'device-model'];

export interface DomainIdentity {
  domid: DomId;
  name: string;
  uuid: string;
  /** pv, pvh or hvm. */
  type: string;
  /** It may run backends. */
  driverDomain: boolean;
}

/** The skeleton of a new domain, in one transaction but for the last node, in libxl's order. */
export const writeDomainSkeleton = async (xs: XsClient, identity: DomainIdentity): Promise<void> => {
  const {domid, name, uuid, type, driverDomain} = identity;
  const path = `/local/domain/${domid}`;
  const vm = `/vm/${uuid}`;
  const libxl = `/libxl/${domid}`;
  await xs.transaction(async (tx) => {
    const readonly = ['n0', `r${domid}`];
    for (const [directory, perms] of [
      [path, readonly],
      [vm, readonly],
      [libxl, ['n0']],
    ] as const) {
      await clear(xs, directory, tx);
      await xs.write(directory, '', tx);
      await xs.setPerms(directory, perms, tx);
    }
    await xs.write(`${libxl}/device`, '', tx);
    await xs.write(`${path}/vm`, vm, tx);
    await xs.write(`${path}/name`, name, tx);
    await xs.write(`${vm}/name`, name, tx);
    for (const directory of readonlyDirectories) await xs.write(`${path}/${directory}`, '', tx);
    await xs.write(`${path}/device/suspend/event-channel`, '', tx);
    await xs.setPerms(`${path}/device/suspend/event-channel`, [`n${domid}`], tx);
    await xs.write(`${path}/control`, '', tx);
    for (const node of guestNodes) {
      await xs.write(`${path}/${node}`, '', tx);
      await xs.setPerms(`${path}/${node}`, [`n${domid}`], tx);
    }
    for (const directory of driverDomain ? driverDirectories : []) {
      await xs.write(`${path}/${directory}`, '', tx);
      await xs.setPerms(`${path}/${directory}`, [`n${domid}`], tx);
    }
    await xs.write(`${vm}/uuid`, uuid, tx);
    await xs.write(`${path}/control/platform-feature-multiprocessor-suspend`, '1', tx);
    await xs.write(`${path}/control/platform-feature-xs_reset_watches`, '1', tx);
    await xs.write(`${libxl}/type`, type, tx);
  });
  await xs.write(`${libxl}/dm-version`, 'qemu_xen');
};

export interface BuiltDomain {
  domid: DomId;
  uuid: string;
  memoryKib: number;
  maxMemoryKib: number;
  /** CPUs online at start, and the number there are. */
  vcpus: number;
  maxVcpus: number;
  storePort: number;
  storeGfn: number;
  /** None of what it was booted from, when it goes on from where it was saved. */
  kernel: string | undefined;
  ramdisk: string | undefined;
  cmdline: string | undefined;
  /** Seconds since the epoch, two decimals, as libxl writes it. */
  startTime: string;
}

/** What is known once the image is in memory, in one transaction, in libxl's order. */
export const writeBuiltDomain = (xs: XsClient, built: BuiltDomain): Promise<void> =>
  xs.transaction(async (tx) => {
    const path = `/local/domain/${built.domid}`;
    const vm = `/vm/${built.uuid}`;
    const write = (node: string, value: string | number): Promise<void> => xs.write(node, String(value), tx);
    await write(`${path}/memory/static-max`, built.maxMemoryKib);
    await write(`${path}/memory/target`, built.memoryKib);
    await write(`${path}/memory/videoram`, 0);
    await write(`${path}/domid`, built.domid);
    await write(`${path}/store/port`, built.storePort);
    await write(`${path}/store/ring-ref`, built.storeGfn);
    for (let cpu = 0; cpu < built.maxVcpus; cpu++) {
      await write(`${path}/cpu/${cpu}/availability`, cpu < built.vcpus ? 'online' : 'offline');
    }
    await write(`${vm}/image/ostype`, 'linux');
    if (built.kernel !== undefined) await write(`${vm}/image/kernel`, built.kernel);
    await write(`${vm}/start_time`, built.startTime);
    if (built.ramdisk !== undefined) await write(`${vm}/image/ramdisk`, built.ramdisk);
    if (built.cmdline !== undefined) await write(`${vm}/image/cmdline`, built.cmdline);
  });

/** Removes the domain's own directories; its devices are gone by then. */
export const removeDomainNodes = async (xs: XsClient, domid: DomId): Promise<void> => {
  const vm = await xs.read(`/local/domain/${domid}/vm`);
  if (vm?.startsWith('/vm/') === true) await clear(xs, vm);
  await clear(xs, `/local/domain/${domid}`);
  await clear(xs, `/libxl/${domid}`);
};
