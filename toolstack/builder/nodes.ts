import type {DomId} from '../../hypervisor/index.ts';
import {type TxId, type XsClient, XsError} from '../../hypervisor/xenstore/index.ts';

/** Nodes in the order they are written: name below the directory, value. */
type Nodes = readonly (readonly [name: string, value: string | number])[];

/** Who may write a node; the other one may read it. */
type NodeOwner = 'guest' | 'toolstack';

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
  backend: Nodes;
  /** The console's directory is the toolstack's; those of other devices are the guest's. */
  frontendOwner: NodeOwner;
  /** Nodes of the frontend's directory that are the other one's. */
  frontendExceptions?: readonly string[];
}

const libxlPath = ({domid, kind, devid}: Pick<DeviceNodes, 'domid' | 'kind' | 'devid'>): string =>
  `/libxl/${domid}/device/${kind}/${devid}`;

const writeAll = async (xs: XsClient, directory: string, nodes: Nodes, tx: TxId): Promise<void> => {
  for (const [name, value] of nodes) await xs.write(`${directory}/${name}`, String(value), tx);
};

/** Removes what may be there; false when not even its parent is. */
export const clear = async (xs: XsClient, path: string, tx?: TxId): Promise<boolean> => {
  try {
    await xs.rm(path, tx);
    return true;
  } catch (error) {
    if (error instanceof XsError && error.errno === 'ENOENT') return false;
    throw error;
  }
};

/** Writes both ends of a device in one transaction, in libxl's order. */
export const writeDevice = (xs: XsClient, device: DeviceNodes): Promise<void> =>
  xs.transaction(async (tx) => {
    const {domid, backendDomid, frontendPath, backendPath} = device;
    const libxl = libxlPath(device);
    const toolstackOwned = [`n${backendDomid}`, `r${domid}`];
    const perms = {guest: [`n${domid}`, `r${backendDomid}`], toolstack: toolstackOwned};
    await clear(xs, libxl, tx);
    await xs.write(`${libxl}/frontend`, frontendPath, tx);
    await xs.write(`${libxl}/backend`, backendPath, tx);
    await clear(xs, frontendPath, tx);
    await xs.mkdir(frontendPath, tx);
    await xs.setPerms(frontendPath, perms[device.frontendOwner], tx);
    await writeAll(xs, frontendPath, device.frontend, tx);
    const exception = device.frontendOwner === 'guest' ? 'toolstack' : 'guest';
    for (const name of device.frontendExceptions ?? [])
      await xs.setPerms(`${frontendPath}/${name}`, perms[exception], tx);
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

const dirname = (path: string): string => path.slice(0, path.lastIndexOf('/'));

/** Removes a directory and then each parent that it leaves empty, as libxl's xs_path_cleanup does. */
export const prune = async (xs: XsClient, path: string, tx: TxId): Promise<void> => {
  if (!(await clear(xs, path, tx))) return;
  for (let parent = dirname(path); parent !== ''; parent = dirname(parent)) {
    const children = await xs.directory(parent, tx);
    if (children === undefined || children.length > 0) return;
    await xs.rm(parent, tx);
  }
};

/** Where the backend noted why it gave the device up. */
const errorPath = ({backendPath}: DeviceNodes): string => backendPath.replace('/backend/', '/error/backend/');

/** Removes every trace of a device, with the directories that it leaves empty. */
export const removeDevice = (xs: XsClient, device: DeviceNodes): Promise<void> =>
  xs.transaction(async (tx) => {
    const {frontendPath, backendPath} = device;
    for (const path of [frontendPath, libxlPath(device), backendPath, errorPath(device)]) await prune(xs, path, tx);
  });
