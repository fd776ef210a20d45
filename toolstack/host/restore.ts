import type {DomId} from '../../hypervisor/index.ts';
import type {DomainMemory} from '../../hypervisor/memory/index.ts';
import {type Machine, restoredMachine} from '../builder/index.ts';
import type {DomainConfig} from '../config/index.ts';
import {ToolstackError} from '../errors.ts';
import type {CreateRequest} from './lifecycle.ts';
import {SavedFileReader} from './restore-reader.ts';
import {readDisk, readStream} from './restore-stream.ts';
import {fitConfig} from './save-config.ts';
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

const EXIT_CREATE_FAILED = 3;

/** Looks whether a `warm_image` is one: xl's words on a file do not name it. Throws ToolstackError. */
export const checkWarmImage = async (path: string): Promise<void> => {
  await openSaved(path).catch((error: unknown) => {
    if (!(error instanceof ToolstackError)) throw error;
    const reason = error.message.replace(`libxl: error: ${path}: `, '');
    throw new ToolstackError(error.code, `libxl: error: warm_image ${path}: ${reason}`, EXIT_CREATE_FAILED);
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
export const openSaved = async (path: string): Promise<SavedDomain> => {
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
