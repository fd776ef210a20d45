import type {Clock, ImageLocks, StorageOpener} from '../../storage/index.ts';
import {StorageError} from '../../storage/index.ts';
import {CdromUnit} from './cdrom/cdrom-unit.ts';
import {MAX_DRIVES, MAX_PORTS, MAX_SLOTS} from './changer/elements.ts';
import {serialFor} from './common/identity.ts';
import {DiskUnit} from './disk/disk-unit.ts';
import {Cartridge} from './tape/cartridge.ts';
import {TapeUnit} from './tape/tape-unit.ts';
import {type LibrarySettings, TapeLibrary} from './tape-library.ts';
import {readSettings, type SettingReaders, type UnitSettings, wholeNumber, yesOrNo} from './unit-options.ts';
import type {LogicalUnit} from './unit.ts';

/** A unit, until its user closes it. */
export interface OpenedUnit {
  readonly unit: LogicalUnit;
  close(): Promise<void>;
}

/** What units are made of. */
export interface UnitSources {
  /** Of disks and CDs. */
  openImage: StorageOpener;
  /** As for images: given, worker threads wait for tapes. */
  clock?: Clock;
  locks?: ImageLocks;
  /** Told in a line of a cartridge that cannot be read or was not written as a whole. */
  report: (message: string) => void;
}

type Opened = Promise<OpenedUnit | StorageError>;

const opened = (unit: LogicalUnit): OpenedUnit => ({unit, close: () => unit.close()});

const bad = (message: string): StorageError => new StorageError('bad-target', message);

/** h:c:t:l, a WWN, or a node of Linux. */
const realDevice = /^(?:\d+:\d+:\d+:\d+|naa\..*|\/dev\/.*)$/;

interface DiskSettings {
  bs: number;
  ro: boolean;
  removable: boolean;
}
const diskReaders: SettingReaders<DiskSettings> = {
  bs: (text) => ({'512': 512, '4096': 4096})[text],
  ro: yesOrNo,
  removable: yesOrNo,
};

interface TapeSettings {
  ro: boolean;
  /** Of the drives of a directory. */
  drive: number;
  capacityMib: number;
}
const tapeReaders: SettingReaders<TapeSettings> = {
  ro: yesOrNo,
  drive: wholeNumber(0, MAX_DRIVES - 1),
  capacityMib: wholeNumber(2, 2 ** 40),
};

const libraryReaders: SettingReaders<LibrarySettings> = {
  slots: wholeNumber(0, MAX_SLOTS),
  ports: wholeNumber(0, MAX_PORTS),
  drives: wholeNumber(1, MAX_DRIVES),
};
const defaultLibrary: LibrarySettings = {slots: 0, ports: 1, drives: 2};

const MIB = 2 ** 20;

/**
 * Makes units from descriptions: `disk:IMAGE`, `cdrom:IMAGE`, `tape:FILE.tap`, `changer:DIRECTORY`, and `tape:DIRECTORY`,
 * a drive of that changer. IMAGE is what disks of the block backend can be: a path, `qcow2:PATH`, `ram:64m`.
 */
export class UnitMaker {
  private readonly sources: UnitSources;
  private readonly libraries = new Map<string, TapeLibrary>();
  private readonly kinds: Readonly<Record<string, (target: string, settings: UnitSettings) => Opened>> = {
    disk: (target, settings) => this.openDisk(target, settings),
    cdrom: (target, settings) => this.openCdrom(target, settings),
    tape: (target, settings) =>
      target.endsWith('.tap') ? this.openTape(target, settings) : this.openDrive(target, settings),
    changer: (target, settings) => this.openChanger(target, settings),
  };

  constructor(sources: UnitSources) {
    this.sources = sources;
  }

  /** A device of the machine is refused: a StorageError whose message stands alone. */
  async open(description: string, settings: UnitSettings = {}): Opened {
    if (realDevice.test(description)) {
      return bad(`${description}: devices of this machine cannot be passed through, as Node.js has no ioctl(2)`);
    }
    const [, kind, target] = /^([a-z]+):(.*)$/s.exec(description) ?? [];
    if (kind === undefined || !Object.hasOwn(this.kinds, kind)) {
      return bad(`${description}: no SCSI target (disk:, cdrom:, tape: and changer: are)`);
    }
    return this.kinds[kind](target, settings);
  }

  private async openDisk(target: string, settings: UnitSettings): Opened {
    const read = readSettings(settings, diskReaders, {bs: 512, ro: false, removable: false});
    if (typeof read === 'string') return bad(`disk:${target}: ${read}`);
    const storage = await this.sources.openImage(target, {readonly: read.ro});
    if (storage instanceof StorageError) return storage;
    const blockBytes = read.bs === 4096 ? 4096 : 512;
    return opened(new DiskUnit({storage, serial: serialFor(`disk:${target}`), blockBytes, removable: read.removable}));
  }

  /** Without an image the drive is empty. */
  private async openCdrom(target: string, settings: UnitSettings): Opened {
    const read = readSettings(settings, {}, {});
    if (typeof read === 'string') return bad(`cdrom:${target}: ${read}`);
    const storage = target === '' ? undefined : await this.sources.openImage(target, {readonly: true});
    if (storage instanceof StorageError) return storage;
    const unit = new CdromUnit({serial: serialFor(`cdrom:${target}`)});
    if (storage !== undefined) await unit.change(storage);
    return opened(unit);
  }

  /** A drive with one tape, which is made if it is not there. */
  private async openTape(path: string, settings: UnitSettings): Opened {
    const read = readSettings(settings, tapeReaders, {ro: false, drive: 0, capacityMib: 65_536});
    if (typeof read === 'string') return bad(`tape:${path}: ${read}`);
    const cartridge = await this.openCartridge(path, read.ro, read.capacityMib * MIB);
    if (cartridge instanceof StorageError) return cartridge;
    const unit = new TapeUnit({serial: serialFor(`tape:${path}`)});
    unit.insert(cartridge);
    return opened(unit);
  }

  private async openDrive(directory: string, settings: UnitSettings): Opened {
    const read = readSettings(settings, {drive: tapeReaders.drive}, {drive: 0});
    if (typeof read === 'string') return bad(`tape:${directory}: ${read}`);
    const library = this.libraryOf(directory, defaultLibrary);
    if (library instanceof StorageError) return library;
    const drive = library.drives.at(read.drive);
    return drive === undefined
      ? bad(`tape:${directory}: the changer has ${library.drives.length} drives`)
      : this.partOf(directory, library, drive);
  }

  private async openChanger(directory: string, settings: UnitSettings): Opened {
    const read = readSettings(settings, libraryReaders, defaultLibrary);
    if (typeof read === 'string') return bad(`changer:${directory}: ${read}`);
    const library = this.libraryOf(directory, read);
    return library instanceof StorageError ? library : this.partOf(directory, library, library.changer);
  }

  /** That of a directory; settings are those of who comes first. */
  private libraryOf(directory: string, settings: LibrarySettings): TapeLibrary | StorageError {
    const found = this.libraries.get(directory);
    if (found !== undefined) return found;
    const {report} = this.sources;
    const made = TapeLibrary.make(directory, settings, (path) => this.openCartridge(path, false), report);
    if (made instanceof TapeLibrary) this.libraries.set(directory, made);
    return made;
  }

  private partOf(directory: string, library: TapeLibrary, unit: LogicalUnit): OpenedUnit {
    library.use();
    const close = async (): Promise<void> => {
      if (await library.release()) this.libraries.delete(directory);
    };
    return {unit, close};
  }

  private openCartridge(path: string, readonly: boolean, capacityBytes?: number): Promise<Cartridge | StorageError> {
    const {clock, locks} = this.sources;
    return Cartridge.open(path, {readonly, create: !readonly, capacityBytes, clock, locks});
  }
}
