import {createHash} from 'node:crypto';
import {statSync} from 'node:fs';
import {readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {
  Cartridge,
  CdromUnit,
  ChangerUnit,
  DiskUnit,
  type LogicalUnit,
  TapeUnit,
} from '../../../backends/scsi/target/index.ts';
import {openStorage, StorageError} from '../../../backends/storage/index.ts';
import type {Schedule} from '../../../hypervisor/schedule/index.ts';
import type {ScsiKind, VscsiConfig} from '../../config/index.ts';
import {ToolstackError} from '../../errors.ts';
import {EXIT_CREATE_FAILED} from '../hotplug.ts';
import type {UnitSet, UnitSetOpener} from './unit-registry.ts';

/** In virtual time no operation may wait for the machine. */
type FileClock = Schedule | undefined;

interface Tools {
  clock: FileClock;
  /** Told in a line of a cartridge that cannot be used, or of what was lost. */
  report: (message: string) => void;
}

type Opener = (config: VscsiConfig, path: string, tools: Tools) => Promise<UnitSet>;

const TAPE_SUFFIX = '.tap';
/** A changer's only element for cartridges that come and go. */
const CHANGER_PORTS = 1;

const openers: Readonly<Record<ScsiKind, Opener>> = {
  disk: async (config, path, tools) => {
    const {clock} = tools;
    const {readonly, blockBytes, removable} = config;
    const storage = orRefuse(config, await openStorage(path, {readonly, clock}));
    return setOf([new DiskUnit({storage, serial: serialOf(path), blockBytes, removable})], tools);
  },
  cdrom: async (config, path, tools) => {
    const {clock} = tools;
    const unit = new CdromUnit({serial: serialOf(`cdrom:${path}`)});
    if (path !== '') await unit.change(orRefuse(config, await openStorage(path, {readonly: true, clock})));
    return setOf([unit], tools);
  },
  tape: async (config, path, tools) => {
    const {clock} = tools;
    const file = isDirectory(path) ? join(path, (await tapesIn(path))[0] ?? `tape${TAPE_SUFFIX}`) : path;
    const how = {readonly: config.readonly, create: true, clock};
    const cartridge = orRefuse(config, await Cartridge.open(file, how));
    const unit = new TapeUnit({serial: serialOf(path)});
    unit.insert(cartridge);
    return setOf([unit], tools);
  },
  changer: async (config, path, tools) => {
    const {clock, report} = tools;
    if (!isDirectory(path)) throw refusal(config, 'is no directory');
    const volumes = (await tapesIn(path)).map((name) => ({label: labelOf(name), path: join(path, name)}));
    const serial = serialOf(path);
    const drives = Array.from({length: config.drives}, (_, i) => new TapeUnit({serial: `${serial}${i}`}));
    const unit = new ChangerUnit({
      serial,
      volumes,
      slots: Math.max(config.slots, volumes.length),
      ports: CHANGER_PORTS,
      drives,
      open: (volume) => Cartridge.open(volume.path, {readonly: config.readonly, clock}),
      report,
    });
    return setOf([unit, ...drives], tools);
  },
};

/** Makes units of the files that configurations name. */
export const unitSetOpener =
  ({clock, report}: {clock: Schedule; report: (message: string) => void}): UnitSetOpener =>
  (config, path) =>
    openers[config.kind](config, path, {clock: clock.mode === 'real' ? clock : undefined, report});

const isDirectory = (path: string): boolean => statSync(path, {throwIfNoEntry: false})?.isDirectory() === true;

/** Names of the cartridges in a directory, in order. */
const tapesIn = async (path: string): Promise<string[]> =>
  (await readdir(path)).filter((name) => name.endsWith(TAPE_SUFFIX)).sort();

/** What a reader of bar codes finds on a cartridge. */
const labelOf = (name: string): string =>
  name
    .slice(0, -TAPE_SUFFIX.length)
    .replaceAll(/[^ -~]/g, '_')
    .slice(0, 32);

const setOf = (units: readonly LogicalUnit[], {report}: Tools): UnitSet => ({
  units,
  close: async () => {
    for (const unit of units) {
      const lost = await unit.close();
      if (lost !== undefined) report(lost);
    }
  },
});

/** The same file is the same unit, whoever asks. */
const serialOf = (path: string): string => createHash('sha256').update(path).digest('hex').slice(0, 16).toUpperCase();

const orRefuse = <T>(config: VscsiConfig, opened: T | StorageError): T => {
  if (opened instanceof StorageError) throw refusal(config, opened.message, opened.code);
  return opened;
};

const refusal = ({kind, path}: VscsiConfig, reason: string, code = 'EINVAL'): ToolstackError =>
  new ToolstackError(code, `libxl: error: vscsi ${kind}:${path}: ${reason}`, EXIT_CREATE_FAILED);
