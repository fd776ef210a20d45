import {filesIn, StorageError} from '../../storage/index.ts';
import {ChangerUnit} from './changer/changer-unit.ts';
import type {Volume} from './changer/elements.ts';
import {serialFor} from './common/identity.ts';
import type {Cartridge} from './tape/cartridge.ts';
import {TapeUnit} from './tape/tape-unit.ts';

export interface LibrarySettings {
  /** 0: as many as there are cartridges, and as many more. */
  slots: number;
  ports: number;
  drives: number;
}

const SUFFIX = '.tap';

const labelOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1, -SUFFIX.length);

/** A directory of cartridges with the changer and the drives that use them. It lasts as long as one of those is in use. */
export class TapeLibrary {
  readonly changer: ChangerUnit;
  readonly drives: readonly TapeUnit[];
  private users = 0;

  private constructor(changer: ChangerUnit, drives: readonly TapeUnit[]) {
    this.changer = changer;
    this.drives = drives;
  }

  /** Takes every `LABEL.tap` of the directory; those are in the first slots, in the order of their names. */
  static make(
    directory: string,
    {slots, ports, drives: count}: LibrarySettings,
    open: (path: string) => Promise<Cartridge | StorageError>,
    report: (message: string) => void,
  ): TapeLibrary | StorageError {
    const found = filesIn(directory, SUFFIX);
    if (found instanceof StorageError) return found;
    const volumes = found.map((path): Volume => ({label: labelOf(path), path}));
    const drives = Array.from({length: count}, (_, i) => new TapeUnit({serial: serialFor(`tape:${directory}:${i}`)}));
    const all = {volumes, slots: slots === 0 ? 2 * volumes.length : slots, ports, drives, report};
    try {
      const serial = serialFor(`changer:${directory}`);
      return new TapeLibrary(new ChangerUnit({...all, serial, open: ({path}) => open(path)}), drives);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return new StorageError('bad-size', `${directory}: too many slots, ports, drives or cartridges`);
    }
  }

  use(): void {
    this.users++;
  }

  /** Returns true when nobody uses it any more, and all cartridges have been given back. */
  async release(): Promise<boolean> {
    this.users--;
    if (this.users > 0) return false;
    await Promise.all(this.drives.map((drive) => drive.close()));
    return true;
  }
}
