import type {DomId} from '../../hypervisor/index.ts';
import type {TxId, XsClient} from '../../hypervisor/xenstore/index.ts';

/** Nodes in the order they are written: name below the directory, value. */
export type Nodes = readonly (readonly [name: string, value: string | number])[];

/** All that the toolstack writes of one device; one file a device kind lists them. */
export interface DeviceNodes {
  /** Name of the kind's directories: "vbd", "vif", "console". */
  kind: string;
  devid: number;
  domid: DomId;
  backendDomid: DomId;
  /** Directories, absolute. */
  frontendPath: string;
  backendPath: string;
  frontend: Nodes;
  /** Nodes of the frontend's directory that the guest may only read. */
  frontendReadonly?: Nodes;
  backend: Nodes;
  /** The console's directory is the toolstack's; those of other devices are the guest's. */
  frontendOwner: 'guest' | 'toolstack';
}

export const libxlPath = ({domid, kind, devid}: Pick<DeviceNodes, 'domid' | 'kind' | 'devid'>): string =>
  `/libxl/${domid}/device/${kind}/${devid}`;

const writeAll = async (xs: XsClient, directory: string, nodes: Nodes, tx: TxId): Promise<void> => {
  for (const [name, value] of nodes) await xs.write(`${directory}/${name}`, String(value), tx);
};

/** Removes what is there; a missing directory is no error. */
const clear = async (xs: XsClient, path: string, tx: TxId): Promise<void> => {
  if ((await xs.read(path, tx)) !== undefined) await xs.rm(path, tx);
};

/** Writes both ends of a device in one transaction, in libxl's order. */
export const writeDevice = (xs: XsClient, device: DeviceNodes): Promise<void> =>
  xs.transaction(async (tx) => {
    const {domid, backendDomid, frontendPath, backendPath} = device;
    const libxl = libxlPath(device);
    const guestOwned = [`n${domid}`, `r${backendDomid}`];
    const toolstackOwned = [`n${backendDomid}`, `r${domid}`];
    await clear(xs, libxl, tx);
    await xs.write(`${libxl}/frontend`, frontendPath, tx);
    await xs.write(`${libxl}/backend`, backendPath, tx);
    await clear(xs, frontendPath, tx);
    await xs.mkdir(frontendPath, tx);
    await xs.setPerms(frontendPath, device.frontendOwner === 'guest' ? guestOwned : toolstackOwned, tx);
    await writeAll(xs, frontendPath, device.frontend, tx);
    for (const [name, value] of device.frontendReadonly ?? []) {
      await xs.write(`${frontendPath}/${name}`, String(value), tx);
      await xs.setPerms(`${frontendPath}/${name}`, toolstackOwned, tx);
    }
    await clear(xs, backendPath, tx);
    await xs.mkdir(backendPath, tx);
    await xs.setPerms(backendPath, toolstackOwned, tx);
    await writeAll(xs, backendPath, device.backend, tx);
    await writeAll(
      xs,
      libxl,
      device.backend.filter(([name]) => name !== 'frontend'),
      tx,
    );
  });

/** Removes a directory and then each parent that it leaves empty, up to but not including `stop`. */
const prune = async (xs: XsClient, path: string, stop: string, tx: TxId): Promise<void> => {
  await clear(xs, path, tx);
  for (let parent = dirname(path); parent.length > stop.length; parent = dirname(parent)) {
    const children = await xs.directory(parent, tx);
    if (children === undefined || children.length > 0) return;
    await xs.rm(parent, tx);
  }
};

const dirname = (path: string): string => path.slice(0, path.lastIndexOf('/'));

/** Removes every trace of a device, with the directories that it leaves empty. */
export const removeDevice = (
  xs: XsClient,
  device: Pick<DeviceNodes, 'domid' | 'kind' | 'devid' | 'frontendPath' | 'backendPath'>,
): Promise<void> =>
  xs.transaction(async (tx) => {
    await prune(xs, device.frontendPath, `/local/domain/${device.domid}/device`, tx);
    await prune(xs, libxlPath(device), `/libxl/${device.domid}/device`, tx);
    await prune(xs, device.backendPath, device.backendPath.split('/').slice(0, 5).join('/'), tx);
  });
