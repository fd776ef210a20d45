import type {DomId} from '../../hypervisor/index.ts';
import type {DomainMemory} from '../../hypervisor/memory/index.ts';
import {type Machine, restoredMachine} from '../builder/index.ts';
import {type DomainConfig, type VifConfig} from '../config/index.ts';
import {ToolstackError} from '../errors.ts';
import {SavedFileReader} from './restore-reader.ts';
import type {CreateRequest} from './lifecycle.ts';
import {readDisk, readStream} from './restore-stream.ts';
import {readHeader, type SavedState} from './save-header.ts';

export interface RestoreRequest {
  /** In place of the configuration in the file. */
  readonly config: DomainConfig | undefined;
  /** Of relative paths in `config`. */
  readonly baseDir: string | undefined;
  readonly paused: boolean;
}

/** Makes a domain from a file of `xl save`. Nothing is left behind on failure. */
export const restoreDomain = async (
  lifecycle: {create(request: CreateRequest): Promise<DomId>},
  path: string,
  {config, baseDir, paused}: RestoreRequest,
): Promise<DomId> => {
  const saved = await openSaved(path);
  const {state} = saved;
  const fitted = config === undefined ? state.config : fitConfig(config, state.config, path);
  return lifecycle.create({
    config: fitted,
    baseDir: config === undefined ? state.baseDir : (baseDir ?? process.cwd()),
    paused,
    saved,
  });
};

/** A saved domain that can go on. */
export interface SavedDomain {
  readonly state: SavedState;
  /** Reads memory and CPU. Throws ToolstackError for a file that is not whole. */
  machine(): Promise<Machine>;
  /** Fills the disks that are in memory, after `machine`; `contentsOf` one is undefined for one that is a file now. */
  fillDisks(contentsOf: (vdev: string) => Uint8Array | undefined): Promise<void>;
}

/** Looks at a file of `xl save`. Throws ToolstackError when it is none. */
const openSaved = async (path: string): Promise<SavedDomain> => {
  const {state} = await SavedFileReader.reading(path, readHeader);
  let disksAt = 0;
  const load = (memory: DomainMemory) =>
    SavedFileReader.reading(path, async (reader) => {
      await readHeader(reader);
      const restored = await readStream(reader, memory);
      disksAt = reader.position;
      return restored;
    });
  const fillDisks: SavedDomain['fillDisks'] = (contentsOf) =>
    SavedFileReader.reading(
      path,
      async (reader) => {
        for (const vdev of state.ramDisks) await readDisk(reader, contentsOf(vdev));
      },
      disksAt,
    );
  return {state, machine: () => restoredMachine(state, load), fillDisks};
};

/**
 * A configuration for a saved domain, which may have more devices than the domain knows: those are plugged in. Refused in
 * a line is what the guest would find missing or changed when it goes on.
 */
const fitConfig = (config: DomainConfig, saved: DomainConfig, path: string): DomainConfig => {
  const refuse = (reason: string): ToolstackError =>
    new ToolstackError('EINVAL', `libxl: error: ${path}: ${reason}`, 3);
  const askedKib = config.maxMemoryKib ?? config.memoryKib ?? saved.maxMemoryKib;
  if (askedKib !== saved.maxMemoryKib)
    throw refuse(`the saved domain has ${mib(saved.maxMemoryKib)}, not ${mib(askedKib)}`);
  if (config.cmdline !== saved.cmdline) throw refuse('the saved domain was booted with another command line');
  if (config.type !== saved.type) throw refuse(`the saved domain is of type ${saved.type}, not ${config.type}`);
  for (const {vdev, readwrite} of saved.disks) {
    const disk = config.disks.find((each) => each.vdev === vdev);
    if (disk === undefined) throw refuse(`the saved domain has a disk ${vdev}, the configuration has none`);
    if (disk.readwrite !== readwrite) throw refuse(`disk ${vdev} of the saved domain is ${readwrite ? 'rw' : 'ro'}`);
  }
  const {memoryKib, maxMemoryKib, vcpus, maxVcpus} = saved;
  return {...config, memoryKib, maxMemoryKib, vcpus, maxVcpus, vifs: fitVifs(config, saved, refuse)};
};

const mib = (kib = 0): string => `${kib / 1024} MiB`;

/** The guest keeps the address that it knows, whatever the configuration says. */
const fitVifs = (
  config: DomainConfig,
  saved: DomainConfig,
  refuse: (reason: string) => ToolstackError,
): VifConfig[] => {
  const vifs = config.vifs.map((vif, index) => ({...vif, devid: vif.devid ?? index}));
  return saved.vifs.reduce<VifConfig[]>((fitted, {devid, mac}) => {
    const vif = fitted.find((each) => each.devid === devid);
    if (vif === undefined) throw refuse(`the saved domain has a vif ${devid}, the configuration has none`);
    if (vif.mac !== undefined && vif.mac !== mac) throw refuse(`vif ${devid} of the saved domain has mac=${mac}`);
    return fitted.map((each) => (each === vif ? {...vif, mac} : each));
  }, vifs);
};
