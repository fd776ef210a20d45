import {createHash} from 'node:crypto';
import {Cartridge, DiskUnit, type LogicalUnit, TapeUnit} from '../../../backends/scsi/target/index.ts';
import {openStorage, StorageError} from '../../../backends/storage/index.ts';
import type {Schedule} from '../../../hypervisor/schedule/index.ts';
import type {ScsiKind, VscsiConfig} from '../../config/index.ts';
import {ToolstackError} from '../../errors.ts';
import {EXIT_CREATE_FAILED} from '../hotplug.ts';
import type {UnitSet, UnitSetOpener} from './unit-registry.ts';

/** In virtual time no operation may wait for the machine. */
type FileClock = Schedule | undefined;

type Opener = (config: VscsiConfig, path: string, clock: FileClock) => Promise<UnitSet>;

const openers: Readonly<Partial<Record<ScsiKind, Opener>>> = {
  disk: async (config, path, clock) => {
    const {readonly, blockBytes, removable} = config;
    const storage = orRefuse(config, await openStorage(path, {readonly, clock}));
    return alone(new DiskUnit({storage, serial: serialOf(path), blockBytes, removable}));
  },
  tape: async (config, path, clock) => {
    const cartridge = orRefuse(config, await Cartridge.open(path, {readonly: config.readonly, create: true, clock}));
    const unit = new TapeUnit({serial: serialOf(path)});
    unit.insert(cartridge);
    return alone(unit);
  },
};

/** Makes units of the files that configurations name. */
export const unitSetOpener =
  ({clock}: {clock: Schedule}): UnitSetOpener =>
  async (config, path) => {
    const open = openers[config.kind];
    if (open === undefined) throw refusal(config, `${config.kind} is not supported`);
    return open(config, path, clock.mode === 'real' ? clock : undefined);
  };

const alone = (unit: LogicalUnit): UnitSet => ({units: [unit], close: () => unit.close()});

/** The same file is the same unit, whoever asks. */
const serialOf = (path: string): string => createHash('sha256').update(path).digest('hex').slice(0, 16).toUpperCase();

const orRefuse = <T>(config: VscsiConfig, opened: T | StorageError): T => {
  if (opened instanceof StorageError) throw refusal(config, opened.message, opened.code);
  return opened;
};

const refusal = ({kind, path}: VscsiConfig, reason: string, code = 'EINVAL'): ToolstackError =>
  new ToolstackError(code, `libxl: error: vscsi ${kind}:${path}: ${reason}`, EXIT_CREATE_FAILED);
