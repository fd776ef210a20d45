import {LBA} from '../ata.ts';
import type {TaskFile} from '../task-file.ts';
import type {Geometry} from './geometry.ts';

/** How a command names sectors; where it is 'short' the LBA bit of Device says whether as CHS or LBA. */
export type Addressing = 'short' | 'ext';

type Form = 'chs' | 'lba28' | 'lba48';

/** Sectors of a command whose count is 0. */
const SHORT_MAX = 256;
const EXT_MAX = 65536;

/** Sectors that a command is about; what is done is taken off its front. */
export class Extent {
  lba: number;
  sectors: number;
  private readonly form: Form;

  private constructor(form: Form, lba: number, sectors: number) {
    this.form = form;
    this.lba = lba;
    this.sectors = sectors;
  }

  /** What the registers name; `lba` is -1 for a CHS address that there cannot be. */
  static of(taskFile: TaskFile, geometry: Geometry, addressing: Addressing): Extent {
    if (addressing === 'ext') return new Extent('lba48', taskFile.lba48, taskFile.count48 || EXT_MAX);
    const sectors = taskFile.count || SHORT_MAX;
    if ((taskFile.device & LBA) !== 0) return new Extent('lba28', taskFile.lba28, sectors);
    return new Extent('chs', lbaOfChs(taskFile, geometry), sectors);
  }

  /** How many of its sectors a step of up to `sectors` takes. */
  next(sectors: number): number {
    return Math.min(sectors, this.sectors);
  }

  /** So many sectors are done. */
  advance(sectors: number): void {
    this.lba += sectors;
    this.sectors -= sectors;
  }

  /** Shows in the registers which sector a command failed at. */
  report(taskFile: TaskFile, geometry: Geometry): void {
    if (this.lba < 0) return;
    if (this.form === 'lba48') taskFile.lba48 = this.lba;
    else if (this.form === 'lba28') taskFile.lba28 = this.lba;
    else setChs(taskFile, geometry, this.lba);
  }
}

const lbaOfChs = ({cylinder, head, sector}: TaskFile, {heads, sectorsPerTrack}: Geometry): number => {
  if (sector === 0 || sector > sectorsPerTrack || head >= heads) return -1;
  return (cylinder * heads + head) * sectorsPerTrack + sector - 1;
};

const setChs = (taskFile: TaskFile, {heads, sectorsPerTrack}: Geometry, lba: number): void => {
  const track = Math.floor(lba / sectorsPerTrack);
  taskFile.setChs(Math.floor(track / heads), track % heads, (lba % sectorsPerTrack) + 1);
};
